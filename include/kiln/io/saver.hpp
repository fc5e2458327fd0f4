// Checkpoints with step numbers, the last few of which are kept.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "kiln/core/error.hpp"
#include "kiln/io/checkpoint.hpp"

namespace kiln::io {

/// A file that a `saver` wrote, and the step that it belongs to.
struct checkpoint {
    std::filesystem::path path;
    i64 step;
};

/// How many checkpoints a `saver` keeps (0: all), and what their files are called: NAME-STEP.safetensors.
struct saver_options {
    int keep = 5;
    std::string name = "model";
};

namespace detail {

inline constexpr std::string_view checkpoint_ending = ".safetensors";
inline constexpr std::size_t checkpoint_index_limit = 1 << 24;

/// What is in the name of a checkpoint, "model-1000.safetensors".
struct checkpoint_name {
    std::string name;
    i64 step;

    std::string file() const { return name + "-" + std::to_string(step) + std::string(checkpoint_ending); }

    /// Nothing where it is not such a name, or leads to another folder.
    static std::optional<checkpoint_name> of(std::string_view file) {
        if (!file.ends_with(checkpoint_ending)) return {};
        file.remove_suffix(checkpoint_ending.size());
        const std::size_t dash = file.rfind('-');
        if (dash == file.npos || dash == 0 || file.find_first_of(std::string_view("/\\\0", 3)) != file.npos) return {};
        checkpoint_name result{std::string(file.substr(0, dash)), 0};
        const std::string_view digits = file.substr(dash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.step);
        if (error != std::errc() || end != digits.data() + digits.size() || std::to_string(result.step) != digits) return {};
        return result;
    }
    bool operator==(const checkpoint_name&) const = default;
};

/// Reads the bytes of an index: `{"checkpoints": ["model-10.safetensors", ...]}`, the latest last. Its names are files that
/// will be removed one day, so none may lead elsewhere.
inline std::vector<checkpoint_name> decode_checkpoint_index(std::span<const unsigned char> file,
                                                            const std::filesystem::path& path) {
    const auto fail = [&] {
        file_error(path, "expected an index of checkpoints, {\"checkpoints\": [\"model-10.safetensors\", ...]}, but it is not");
    };
    if (file.size() > checkpoint_index_limit) fail();
    using event = nlohmann::json::parse_event_t;
    const auto shallow = [&](int depth, event what, const nlohmann::json&) {   // depth costs memory by the byte
        if (depth > 1 && (what == event::array_start || what == event::object_start)) fail();
        return true;
    };
    const auto index = nlohmann::json::parse(file.begin(), file.end(), shallow, false);
    if (!index.is_object() || index.size() != 1 || !index.contains("checkpoints") || !index["checkpoints"].is_array()) fail();
    std::vector<checkpoint_name> result;
    for (const auto& entry : index["checkpoints"]) {
        const auto name = entry.is_string() ? checkpoint_name::of(entry.get_ref<const std::string&>()) : std::nullopt;
        if (!name) fail();
        result.push_back(*name);
    }
    return result;
}

inline std::filesystem::path checkpoint_index(const std::filesystem::path& folder) { return folder / "checkpoint"; }

/// The index of a folder; empty where it has none.
inline std::vector<checkpoint_name> read_checkpoint_index(const std::filesystem::path& folder) {
    const auto path = checkpoint_index(folder);
    if (!std::filesystem::exists(path)) return {};
    return decode_checkpoint_index(read_file(path), path);
}

inline void write_checkpoint_index(const std::filesystem::path& folder, const std::vector<checkpoint_name>& checkpoints) {
    auto names = nlohmann::json::array();
    for (const checkpoint_name& c : checkpoints) names.push_back(c.file());
    write_file(checkpoint_index(folder), bytes_in(nlohmann::json{{"checkpoints", names}}.dump(1) + "\n"));
}

/// Whether `file` is what a killed `write_file` left of a checkpoint of `name` or of an index.
inline bool is_left_over(std::string_view file, const std::string& name) {
    constexpr std::string_view part = ".part";
    if (!file.ends_with(part)) return false;
    file.remove_suffix(part.size());
    const std::size_t dot = file.rfind('.');   // behind it a random number
    if (dot == file.npos || dot + 1 == file.size() || file.find_first_not_of("0123456789", dot + 1) != file.npos) return false;
    file = file.substr(0, dot);
    const auto of = checkpoint_name::of(file);
    return file == "checkpoint" || (of && of->name == name);
}

}  // namespace detail

/// The checkpoint that was saved last into the folder: by whatever saver, or by the one of that name. Nothing where there is
/// none. Throws `io_error` where the folder's index is not one.
///
///     if (const auto last = latest_checkpoint("run7")) { restore(last->path, s); step = last->step; }
inline std::optional<checkpoint> latest_checkpoint(const std::filesystem::path& folder, const std::string& name = "") {
    const auto all = detail::read_checkpoint_index(folder);
    for (auto c = all.rbegin(); c != all.rend(); ++c)
        if (const auto path = folder / c->file(); (name.empty() || c->name == name) && std::filesystem::exists(path))
            return checkpoint{path, c->step};
    return {};
}

/// Saves a session every now and then into a folder, and keeps the last few files. The index, a file `checkpoint`, is written
/// after the data, and older data are removed after that: whenever the program dies, the index names whole files. Savers of
/// several names may share a folder, one process at a time.
///
///     saver keep("run7", {.keep = 3});
///     keep.save(s, step);
class saver {
public:
    /// Makes the folder where it is missing. Throws `io_error` where that fails, `value_error` for options that make no sense.
    explicit saver(std::filesystem::path folder, saver_options options = {})
        : folder_(std::move(folder)), options_(std::move(options)) {
        if (options_.keep < 0)
            throw value_error("saver: expected to keep 0 checkpoints (all) or more, got " + std::to_string(options_.keep));
        if (!detail::checkpoint_name::of(options_.name + "-0.safetensors"))
            throw value_error("saver: expected a name that files can have, got " + in_quotes(options_.name));
        std::error_code error;
        std::filesystem::create_directories(folder_, error);
        if (error) file_error(folder_, "expected a folder for checkpoints, but: " + error.message());
    }

    /// Writes the variables of a session to NAME-STEP.safetensors, which it returns, and removes what is not to be kept.
    /// A step that is there already is replaced and counts as the latest. Throws what `save` throws, and `value_error` for
    /// a step below 0.
    template <detail::has_variables S>
    std::filesystem::path save(S& session, i64 step) {
        if (step < 0) throw value_error("saver: expected a step of 0 or more, got " + std::to_string(step));
        const detail::checkpoint_name latest{options_.name, step};
        const std::filesystem::path path = folder_ / latest.file();
        auto index = detail::read_checkpoint_index(folder_);
        io::save(path, session, {{"step", std::to_string(step)}});
        std::erase(index, latest);
        index.push_back(latest);
        const auto dropped = drop_old(index);
        detail::write_checkpoint_index(folder_, index);
        remove(dropped);
        return path;
    }

private:
    /// Takes the oldest of our name out of the index; returns their files.
    std::vector<std::filesystem::path> drop_old(std::vector<detail::checkpoint_name>& index) const {
        const auto ours = [&](const detail::checkpoint_name& c) { return c.name == options_.name; };
        std::vector<std::filesystem::path> dropped;
        for (auto more = std::ranges::count_if(index, ours) - options_.keep; options_.keep > 0 && more > 0; --more) {
            const auto oldest = std::ranges::find_if(index, ours);
            dropped.push_back(folder_ / oldest->file());
            index.erase(oldest);
        }
        return dropped;
    }
    /// Removes these, and what was left over where a program was killed. That a file cannot be removed is no reason to stop.
    void remove(std::vector<std::filesystem::path> files) const {
        std::error_code ignored;
        for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
            if (detail::is_left_over(entry.path().filename().string(), options_.name)) files.push_back(entry.path());
        for (const auto& file : files) std::filesystem::remove(file, ignored);
    }

    std::filesystem::path folder_;
    saver_options options_;
};

}  // namespace kiln::io

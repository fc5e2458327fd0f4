// Logs for TensorBoard: `tensorboard --logdir logs` shows them, while the program runs and later. Needs protozero, libpng, zlib.
#pragma once
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "kiln/core/tensor.hpp"
#include "kiln/core/types.hpp"
#include "kiln/expr/error.hpp"
#include "kiln/io/event_messages.hpp"
#include "kiln/io/file_error.hpp"
#include "kiln/io/histogram.hpp"
#include "kiln/io/png.hpp"
#include "kiln/io/record_file.hpp"
#include "kiln/io/tensorboard_graph.hpp"

namespace kiln::io {

namespace detail {

/// Makes an event file of a name of its own in a directory, and the directory.
inline record_file new_event_file(const std::filesystem::path& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) file_error(directory, "expected to make a directory, but: " + error.message());

    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    static std::atomic<int> next = 0;
    std::filesystem::path path;
    do {   // again where a program that has the same number today was here a moment ago
        char seconds[24];
        std::snprintf(seconds, sizeof seconds, "%010lld",
                      static_cast<long long>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
        path = directory / ("events.out.tfevents." + std::string(seconds) + "." + host + "." + std::to_string(getpid()) + "." +
                            std::to_string(next++));
    } while (std::filesystem::exists(path, error));
    return record_file(path);
}

}  // namespace detail

namespace tensorboard {

/// Writes one event file. Every call writes one record and hands it to the system, so that TensorBoard shows it at once. A tag
/// is the name of a series; `/` in it makes groups. Of one tag the steps should grow. All throw `value_error` where a tag is
/// empty or not UTF-8 or a record would have more than 2 GiB, and `io_error` where the file cannot be written; then it holds
/// nothing of that call. One thread at a time.
class writer {
public:
    /// Makes a new file in `directory`, which is made where it is not there. Each directory is a run; TensorBoard is told the one
    /// above them.
    explicit writer(const std::filesystem::path& directory) : file_(detail::new_event_file(directory)) {
        event(0, [](auto& e) { e.add_string(detail::event_field::file_version, "brain.Event:2"); });
    }

    const std::filesystem::path& path() const { return file_.path(); }

    /// A point of a curve. It is kept as a float; NaN and infinities may be written.
    template <std::convertible_to<double> X>
    void scalar(std::string_view tag, i64 step, const X& value) {
        summary(tag, step, [&](auto& v) {
            v.add_float(detail::value_field::simple_value, static_cast<float>(static_cast<double>(value)));
        });
    }

    /// How the elements are spread: anything that can be seen as a tensor, of any shape, also empty. Thirty buckets of one width
    /// from the smallest finite element to the largest; infinities are counted in the bucket at their end, NaN in none.
    template <viewable X>
    void histogram(std::string_view tag, i64 step, const X& x) {
        const auto buckets = detail::histogram_of(as_view(x));
        summary(tag, step, [&](auto& v) {
            detail::add_plugin(v, "histograms", detail::data_class::tensor);
            detail::message<detail::tensor_field> tensor(v, detail::value_field::tensor);
            detail::add_tensor_type(tensor, detail::tensor_dtype::float64, {detail::n_histogram_buckets, 3});
            detail::add_bytes(tensor, detail::tensor_field::content,
                              {reinterpret_cast<const char*>(buckets.data()), sizeof buckets});
        });
    }

    /// A picture [h, w] or [h, w, c], or several [n, h, w, c]; c is 1 for grey, 2 for grey with alpha, 3 for RGB, 4 for RGBA. Of
    /// uint8, or of float or double from 0 (black) to 1, whose other values are cut off and whose NaN is 0. Throws `shape_error`
    /// where a picture has no pixel or is too large.
    template <viewable X>
    void image(std::string_view tag, i64 step, const X& x) {
        using view = view_of<const X&>;
        if constexpr (!detail::has_pixels<view, 4>)
            static_assert(compile_error<said<view, exact("image: expected [h, w],")>, said<view, exact("[h, w, 1 to 4 channels] or")>,
                                        said<view, exact("[n, h, w, 1 to 4 channels]")>,
                                        said<view, exact("of uint8, float or double")>>::never);
        else {
            const auto seen = as_view(x);
            const detail::images_in images(seen);
            summary(tag, step, [&](auto& v) {
                detail::add_plugin(v, "images", detail::data_class::blob_sequence);
                detail::message<detail::tensor_field> tensor(v, detail::value_field::tensor);
                detail::add_tensor_type(tensor, detail::tensor_dtype::string, {images.n + 2});
                const auto add = [&](std::string_view s) { detail::add_bytes(tensor, detail::tensor_field::string_val, s); };
                add(std::to_string(images.width));
                add(std::to_string(images.height));
                images.for_each_png([&](const std::vector<unsigned char>& file) {
                    add({reinterpret_cast<const char*>(file.data()), file.size()});
                });
            });
        }
    }

    /// A text in Markdown. Throws `value_error` where it is not UTF-8.
    void text(std::string_view tag, i64 step, std::string_view markdown) {
        summary(tag, step, [&](auto& v) {
            detail::add_plugin(v, "text", detail::data_class::tensor);
            detail::message<detail::tensor_field> tensor(v, detail::value_field::tensor);
            detail::add_tensor_type(tensor, detail::tensor_dtype::string, {});
            detail::add_text(tensor, detail::tensor_field::string_val, markdown);
        });
    }

    /// The graph of an expression or of a function, as TensorFlow would have written it: names, scopes, shapes on the edges;
    /// gradients under `gradients`, updates as `Assign`. TensorBoard shows the last one of a run.
    template <class E>
    void graph(const E&) {
        graph_def(detail::graph_def_of(shown_of<E>::graph()));
    }

    /// The graph of the run, a serialized GraphDef. TensorBoard shows the last one of a run.
    void graph_def(std::string_view bytes) {
        event(0, [&](auto& e) { detail::add_bytes(e, detail::event_field::graph_def, bytes); });
    }

    /// What one step cost, a serialized RunMetadata, as `node_times` makes it. TensorBoard shows it in the graph, under the tag;
    /// a later one of the same tag replaces it.
    void run_metadata(std::string_view tag, i64 step, std::string_view bytes) {
        event(step, [&](auto& e) {
            using field = detail::tagged_run_metadata_field;
            detail::message<field> tagged(e, detail::event_field::tagged_run_metadata);
            detail::add_name(tagged, field::tag, tag);
            detail::add_bytes(tagged, field::run_metadata, bytes);
        });
    }

private:
    /// Writes one event; `add` says what happened.
    template <class F>
    void event(i64 step, F add) {
        std::string bytes;
        detail::message<detail::event_field> e(bytes);
        e.add_double(detail::event_field::wall_time,
                     std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
        e.add_int64(detail::event_field::step, step);
        add(e);
        detail::require_message_size(bytes.size());
        file_.append(bytes);
    }

    /// Writes one value of a tag; `add` says which.
    template <class F>
    void summary(std::string_view tag, i64 step, F add) {
        event(step, [&](auto& e) {
            detail::message<detail::summary_field> s(e, detail::event_field::summary);
            detail::message<detail::value_field> value(s, detail::summary_field::value);
            detail::add_name(value, detail::value_field::tag, tag);
            add(value);
        });
    }

    record_file file_;
};

}  // namespace tensorboard
}  // namespace kiln::io

// io/checkpoint.hpp and io/saver.hpp: the variables of a session in files.
#include <kiln/kiln.hpp>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "killed.hpp"
#include "kiln/io/checkpoint.hpp"
#include "kiln/io/saver.hpp"
#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using namespace kiln;
using io::latest_checkpoint;
using io::restore;
using io::save;
using io::saver;

namespace {

constexpr auto w = variable<"layer/w", float, 3, 4>(random_normal<>);
constexpr auto b = variable<"layer/b", double, 4>(ones);
constexpr auto n = variable<"n", int>(zeros);
constexpr auto wider = variable<"layer/w", float, 3, 5>(zeros);
constexpr auto other = variable<"other", float>(zeros);

constexpr auto large = variable<"large", float, 256, 256>(zeros);
constexpr auto number = variable<"number", int>(zeros);

/// The large variable holds the number everywhere, or it is of two files.
template <class S>
bool whole(S& s) {
    const int k = s[number];
    return std::ranges::all_of(s[large], [k](float x) { return x == static_cast<float>(k); });
}

constexpr int kills = 250;

}  // namespace

TEST_CASE("checkpoint: variables come back under their names, with metadata") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.safetensors";
    session s(w, b, n);
    session t(n, b, w);
    s.initialize(3);
    s[n] = 7;
    save(path, s, {{"note", "first"}});
    const auto found = restore(path, t);
    CHECK(found.missing.empty());
    CHECK(found.unexpected.empty());
    CHECK(found.metadata.at("note") == "first");
    CHECK(found.metadata.at("kiln_version") == version);
    CHECK(found.metadata.at("kiln_graph").size() == 32);
    CHECK(t[n] == 7);
    CHECK(std::ranges::equal(s[w], t[w]));
    CHECK(std::ranges::equal(s[b], t[b]));
    for (int k = 0; k < t.size(); ++k) CHECK(t.initialized(k));

    session fewer(w, b);
    fewer.initialize();
    save(dir.root / "b", fewer);
    CHECK(io::load_safetensors(dir.root / "b").metadata.at("kiln_graph") != found.metadata.at("kiln_graph"));
}

TEST_CASE("checkpoint: a session without values is not saved") {
    const scratch_directory dir;
    const fs::path path = dir.write("old");
    session s(w, b, n);
    s[b] = 1;
    CHECK_THROWS_AS(save(path, s), uninitialized_error);
    CHECK_THROWS_WITH(save(path, s), Contains(path.string()) && Contains("these have none: \"layer/w\", \"n\""));
    CHECK(content(path) == "old");
}

TEST_CASE("checkpoint: all that does not match is in one message, and nothing is changed") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.safetensors";
    const std::vector<double> four(4);
    const tensor<float, 3, 4> kernel;
    io::save_safetensors(path, {{"layer/w", kernel}, {"layer/b", tensor<float, 4>()}, {"n", tensor<int>(1)}, {"x", four}, {"y", four}});
    session s(wider, b, n, other);
    s.initialize();
    s[n] = 5;
    const auto refused = [&](const io::restore_options& options, auto words) {
        CHECK_THROWS_WITH(restore(path, s, options), Contains(path.string()) && words);
        CHECK_THROWS_AS(restore(path, s, options), io_error);
        CHECK(s[n] == 5);
    };
    const auto w_differs = Contains("\"layer/w\" is float32 (3, 4), not float32 (3, 5)");
    const auto b_differs = Contains("\"layer/b\" is float32 (4,), not float64 (4,)");
    refused({}, w_differs && b_differs && Contains("missing \"other\"") && Contains("unexpected \"x\"") &&
                    Contains("unexpected \"y\""));
    refused({.partial = true}, w_differs && b_differs && !Contains("missing") && !Contains("unexpected"));
    refused({.rename = {{"z", "other"}}}, Contains("no key \"z\" to be renamed to \"other\""));
    refused({.rename = {{"x", "n"}}}, Contains("two keys for \"n\""));

    session empty(w, b, n, other);
    CHECK_THROWS_AS(restore(path, empty), io_error);
    for (int k = 0; k < empty.size(); ++k) CHECK(!empty.initialized(k));
    CHECK_THROWS_WITH(restore(dir.write("nonsense"), s), Contains("expected a safetensors file"));
}

TEST_CASE("checkpoint: renamed and in part") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.safetensors";
    session s(w, b, n);
    s.initialize(3);
    save(path, s);

    session t(n, other);
    const auto found = restore(path, t, {.partial = true});
    CHECK(t[n] == 0);
    CHECK(found.missing == std::vector<std::string>{"other"});
    CHECK(found.unexpected == std::vector<std::string>{"layer/b", "layer/w"});
    CHECK(t.initialized(0) != t.initialized(1));
    session none(other);
    CHECK_THROWS_WITH(restore(path, none, {.partial = true}), Contains("no variable of the session is in it"));

    const tensor<float> three(3);
    io::save_safetensors(path, {{"old", three}, {"n", tensor<int>(2)}});
    restore(path, t, {.rename = {{"old", "other"}}});
    CHECK(t[other] == 3.f);
    CHECK(t[n] == 2);
    io::save_safetensors(path, {{"other", tensor<int>(4)}, {"n", three}});   // the two names exchanged
    restore(path, t, {.rename = {{"other", "n"}, {"n", "other"}}});
    CHECK(t[n] == 4);
}

TEST_CASE("saver: the last ones are kept, and the latest is found") {
    const scratch_directory dir;
    const fs::path folder = dir.root / "runs" / "7";
    CHECK(!latest_checkpoint(folder));
    session s(n);
    saver keep(folder), best(folder, {.keep = 1, .name = "best-of"});
    for (int step = 0; step < 80; step += 10) {
        s[n] = step;
        CHECK(keep.save(s, step) == folder / ("model-" + std::to_string(step) + ".safetensors"));
        if (step == 20 || step == 40) best.save(s, step);
        const std::string name = step == 20 || step == 40 ? "best-of-" : "model-";
        CHECK(latest_checkpoint(folder)->path == folder / (name + std::to_string(step) + ".safetensors"));
    }
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"best-of-40.safetensors", "checkpoint", "model-30.safetensors",
                                            "model-40.safetensors", "model-50.safetensors", "model-60.safetensors",
                                            "model-70.safetensors"});
    CHECK(latest_checkpoint(folder)->step == 70);
    CHECK(latest_checkpoint(folder, "best-of")->step == 40);
    CHECK(!latest_checkpoint(folder, "best"));
    session t(n);
    CHECK(restore(latest_checkpoint(folder)->path, t).metadata.at("step") == "70");
    CHECK(t[n] == 70);

    keep.save(s, 50);   // back to an earlier step
    CHECK(latest_checkpoint(folder)->step == 50);
    fs::remove(folder / "model-50.safetensors");
    CHECK(latest_checkpoint(folder)->step == 70);
    saver all(dir.root / "all", {.keep = 0});
    for (int step = 0; step < 9; ++step) all.save(s, step);
    CHECK(std::distance(fs::directory_iterator(dir.root / "all"), fs::directory_iterator()) == 10);
}

TEST_CASE("saver: options, steps and indices that make no sense are refused") {
    const scratch_directory dir;
    session s(n);
    CHECK_THROWS_AS(saver(dir.root, {.keep = -1}), value_error);
    CHECK_THROWS_AS(saver(dir.root, {.name = ""}), value_error);
    CHECK_THROWS_AS(saver(dir.root, {.name = "a/b"}), value_error);
    CHECK_THROWS_AS(saver(dir.write("a file") / "x"), io_error);
    saver keep(dir.root);
    CHECK_THROWS_AS(keep.save(s, 1), uninitialized_error);
    s[n] = 1;
    CHECK_THROWS_AS(keep.save(s, -1), value_error);
    const auto refused = [&](const std::string& index) {
        INFO(index);
        dir.write(index, "checkpoint");
        CHECK_THROWS_WITH(latest_checkpoint(dir.root), Contains("expected an index of checkpoints"));
        CHECK_THROWS_AS(keep.save(s, 1), io_error);
        CHECK(!fs::exists(dir.root / "model-1.safetensors"));
    };
    for (const char* index : {"", "[]", "{}", R"({"checkpoints": {}})", R"({"checkpoints": [1]})", R"({"checkpoints": [], "x": 1})"})
        refused(index);
    refused(R"({"checkpoints": [)" + std::string(10'000'000, '['));
    refused(std::string(10'000'000, '['));
    for (const char* name : {"model", "model-1", "model-x.safetensors", "model-01.safetensors", "-1.safetensors", "a\\u0000b-1.safetensors",
                             "../model-1.safetensors", "/model-1.safetensors", "..\\\\model-1.safetensors"})
        refused(R"({"checkpoints": [")" + std::string(name) + R"("]})");
}

TEST_CASE("checkpoint: killed at any moment, a save leaves the old or the new file") {
    const scratch_directory dir;
    const fs::path path = dir.root / "a.safetensors";
    session s(large, number);
    s[large] = 0;
    s[number] = 0;
    save(path, s);
    std::mt19937 random(std::random_device{}());
    int torn = 0, last = 0, interrupted = 0;
    for (int i = 0; i < kills; ++i) {
        run_and_kill(std::chrono::milliseconds(8), random, [&] {
            for (int k = last + 1;; ++k) {
                s[large] = k;
                s[number] = k;
                save(path, s);
            }
        });
        session t(large, number);
        restore(path, t);
        torn += !whole(t);
        CHECK(t[number] >= last);
        last = t[number];
        for (const auto& entry : fs::directory_iterator(dir.root))
            if (entry.path() != path) {
                ++interrupted;
                fs::remove(entry.path());
            }
    }
    CHECK(torn == 0);
    CHECK(last > 0);          // it did save,
    CHECK(interrupted > 0);   // and was killed while it did
}

TEST_CASE("saver: killed at any moment, the index names whole files") {
    const scratch_directory dir;
    session s(large, number);
    std::mt19937 random(std::random_device{}());
    int last = 0, interrupted = 0;
    for (int i = 0; i < kills; ++i) {
        run_and_kill(std::chrono::milliseconds(12), random, [&] {
            saver keep(dir.root, {.keep = 2});
            for (int k = last + 1;; ++k) {
                s[large] = k;
                s[number] = k;
                keep.save(s, k);
            }
        });
        for (const auto& entry : fs::directory_iterator(dir.root)) interrupted += entry.path().extension() == ".part";
        const auto latest = latest_checkpoint(dir.root);
        if (!latest) {
            CHECK(last == 0);
            continue;
        }
        session t(large, number);
        const auto index = io::detail::read_checkpoint_index(dir.root);
        CHECK(index.size() <= 2);
        for (const auto& c : index) {
            restore(dir.root / c.file(), t);
            CHECK(whole(t));
            CHECK(t[number] == static_cast<int>(c.step));
        }
        CHECK(latest->step >= last);
        last = static_cast<int>(latest->step);
    }
    CHECK(last > 0);
    CHECK(interrupted > 0);
    saver keep(dir.root, {.keep = 2});   // and the next save clears away what was left over
    s[large] = 0;
    s[number] = 0;
    keep.save(s, last + 1);
    for (const auto& entry : fs::directory_iterator(dir.root)) CHECK(entry.path().extension() != ".part");
}

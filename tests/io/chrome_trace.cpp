// A profile as a trace file: its events, and that the file is whole or not there.
#include <kiln/kiln.hpp>
#include <kiln/run/profile.hpp>

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <string>

#include "kiln/io/chrome_trace.hpp"
#include "scratch_directory.hpp"

namespace {

using namespace kiln;

constexpr auto x = placeholder<"x", float, "n", 8>;

TEST_CASE("the events of a trace", "[chrome_trace]") {
    auto f = function(inputs(x), outputs(matmul(transpose(x), x), sum(exp(x))));
    profile p(f);
    for (int k = 0; k < 3; ++k) p(tensor<float, dynamic, 8>(5));
    const scratch_directory folder;
    const auto path = folder.root / "trace.json";
    io::write_chrome_trace(path, p);
    CHECK(folder.count() == 1);

    const auto trace = nlohmann::json::parse(content(path));
    const auto& events = trace.at("traceEvents");
    const std::size_t kernels = p.kernels().size();
    REQUIRE(kernels > 1);
    REQUIRE(events.size() == 3 * (1 + kernels));
    for (std::size_t k = 0; k < 3; ++k) {
        CHECK(events[k].at("name") == "call");
        CHECK(events[k].at("ts").get<double>() == Approx(static_cast<double>(p.call().spans[k].start) / 1000));
        CHECK(events[k].at("args").at("bytes") == p.call().bytes / 3);
        const auto& last = events[3 * kernels + k];
        CHECK(last.at("name") == std::to_string(kernels - 1) + ": " + p.kernels().back().name);
        CHECK(last.at("dur").get<double>() == Approx(static_cast<double>(p.kernels().back().spans[k].duration) / 1000));
    }
}

TEST_CASE("a profile of nothing, and a path that cannot be", "[chrome_trace]") {
    auto f = function(inputs(x), sum(x));
    const profile p(f);
    const scratch_directory folder;
    io::write_chrome_trace(folder.root / "empty.json", p);
    CHECK(nlohmann::json::parse(content(folder.root / "empty.json")).at("traceEvents").empty());
    CHECK_THROWS_AS(io::write_chrome_trace(folder.root / "no" / "folder.json", p), io_error);
    CHECK_THROWS_WITH(io::write_chrome_trace(folder.root, p), Catch::Contains("expected to write a file"));
}

}  // namespace

// The table itself: compiled here, and complete: every operation that a header of include/kiln/ops states has a row.
#include "table.hpp"
#include "trial.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace kiln::testing {

std::span<const row> all_rows() { return rows; }

namespace {

std::string text_of_file(const std::filesystem::path& p) {
    std::ifstream in(p);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The names of the operations, however a header states them.
std::set<std::string> stated_operations() {
    const std::regex forms[]{
        std::regex(R"re(static constexpr auto name = "([^"]+)")re"),                    // a struct
        std::regex(R"re(KILN_(?:UNARY|BINARY|REDUCTION)\((\w+)\))re"),                  // a public function
        std::regex(R"re(struct (\w+)_call\b)re"),                                       // what the type level lifts
        std::regex(R"re(inline constexpr \w+_initializer<[^;]*> (\w+)\{\};)re")};       // zeros, random_normal, ...
    const std::regex composition(R"re((?:^|\n)constexpr value (\w+)\()re");
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(KILN_SOURCE_DIR "/include/kiln/ops")) {
        const std::string text = text_of_file(file.path());
        auto collect = [&](const std::regex& form) {
            for (std::sregex_iterator i(text.begin(), text.end(), form), end; i != end; ++i) names.insert((*i)[1]);
        };
        for (const std::regex& form : forms) collect(form);
        if (file.path().filename() == "compositions.hpp") collect(composition);
    }
    names.erase("name");        // the parameter of the macros
    names.erase("reduction");   // reduction_call, of all reductions
    names.erase("broadcast");   // broadcast_call, of broadcast_to
    names.erase("convolution");   // convolution_call, of all convolutions
    names.erase("separable");   // separable_call, of separable_conv2d
    return names;
}

TEST_CASE("every operation has a row", "[ops]") {
    std::set<std::string> with_row;
    for (const row& r : rows) with_row.insert(r.name);
    const std::set<std::string> stated = stated_operations();
    CHECK(stated.size() > 90);   // the headers were found and understood
    for (const std::string& name : stated) {
        INFO("an operation without a row in tests/ops/table.hpp: " << name);
        CHECK(with_row.count(name) == 1);
    }
}

TEST_CASE("every row is one of its own, and has all that it needs", "[ops]") {
    std::set<std::pair<std::string, std::string>> seen;
    for (const row& r : rows) {
        INFO(r.name << " [" << r.variant << "]");
        CHECK(seen.insert({r.name, r.variant}).second);
        CHECK((r.f1 || r.f2 || r.f3 || r.i1 || r.i2 || r.whole));
        CHECK((r.elementwise() || r.n_cases > 0));
    }
}

}  // namespace
}  // namespace kiln::testing

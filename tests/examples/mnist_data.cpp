// The digits of the MNIST example: the bundled files, and what is said of files that do not fit.
#include "../../examples/mnist/digits.cpp"

#include <catch2/catch.hpp>
#include <algorithm>
#include <filesystem>
#include <string>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

namespace {

std::string idx(const std::string& extents, const std::string& data) {
    std::string bytes{0, 0, 8, static_cast<char>(extents.size())};
    for (const char n : extents) bytes += std::string(3, '\0') + n;
    return bytes + data;
}

}  // namespace

TEST_CASE("mnist: the bundled digits") {
    const mnist::dataset all = mnist::bundled();
    REQUIRE(all.train.size() == 8000);
    REQUIRE(all.test.size() == 2000);
    for (const mnist::digits* part : {&all.train, &all.test}) {
        REQUIRE(part->images.extent(0) == part->size());
        const auto [least, most] = std::minmax_element(part->images.begin(), part->images.end());
        CHECK(*least == 0.0f);
        CHECK(*most == 1.0f);
        for (int digit = 0; digit < 10; ++digit)
            CHECK(std::count(part->labels.begin(), part->labels.end(), digit) > part->size() / 15);
    }
    // The parts are the whole, in order.
    const auto whole = kiln::io::read_idx<1>(fs::path(KILN_SOURCE_DIR) / "examples/mnist/data/train-labels.gz");
    CHECK(std::equal(all.train.labels.begin(), all.train.labels.end(), whole.begin()));
    CHECK(std::equal(all.test.labels.begin(), all.test.labels.end(), whole.begin() + 8000));
    CHECK_THROWS_AS(mnist::split(all.test, 2001), kiln::error);
    CHECK_THROWS_AS(mnist::split(all.test, -1), kiln::error);
}

TEST_CASE("mnist: a directory of files, and what is wrong with it") {
    const scratch_directory scratch;
    const fs::path& dir = scratch.root;
    const auto write = [&](const std::string& file, const std::string& bytes) { scratch.write(bytes, file); };
    const std::string image(784, '\x7f');

    CHECK_THROWS_WITH(mnist::full(dir), Contains("there is no train-images-idx3-ubyte[.gz]"));
    write("train-images-idx3-ubyte", idx({2, 28, 28}, image + image));
    write("train-labels.idx1-ubyte", idx({2}, {7, 9}));
    CHECK_THROWS_WITH(mnist::full(dir), Contains("there is no t10k-images-idx3-ubyte[.gz]"));
    write("t10k-images.idx3-ubyte", idx({1, 28, 28}, image));
    write("t10k-labels-idx1-ubyte.gz", idx({1}, {3}));   // what a file is is told by its bytes
    const mnist::dataset all = mnist::full(dir);
    CHECK(all.train.size() == 2);
    CHECK(all.test.size() == 1);
    CHECK(all.train.labels(1) == 9);
    CHECK(all.train.images(1, 783) == Approx(127.0 / 255));

    write("train-labels.idx1-ubyte", idx({3}, {7, 9, 1}));
    CHECK_THROWS_WITH(mnist::full(dir), Contains("expected 2 labels") && Contains("there are 3"));
    write("train-labels.idx1-ubyte", idx({2}, {7, 10}));
    CHECK_THROWS_WITH(mnist::full(dir), Contains("expected labels from 0 to 9, but number 1 is 10"));
    write("train-images-idx3-ubyte", idx({2, 28, 14}, image));
    CHECK_THROWS_WITH(mnist::full(dir), Contains("expected images of 28 x 28 pixels, but they have 28 x 14"));
    CHECK_THROWS_WITH(mnist::full(dir / "missing"), Contains("expected a directory"));
    CHECK_THROWS_AS(mnist::full(dir / "missing"), kiln::io_error);
}

// What the MNIST example prints and draws.
#include "../../examples/mnist/picture.cpp"
#include "../../examples/mnist/progress.cpp"
#include "../../examples/mnist/report.cpp"

#include <fcntl.h>
#include <png.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::Matches;

namespace {

struct decoded {
    png_uint_32 width = 0, height = 0;
    std::vector<unsigned char> grey;
};

decoded decode(const fs::path& path) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&image, path.c_str()));
    image.format = PNG_FORMAT_GRAY;
    decoded result{image.width, image.height, std::vector<unsigned char>(PNG_IMAGE_SIZE(image))};
    REQUIRE(png_image_finish_read(&image, nullptr, result.grey.data(), 0, nullptr));
    return result;
}

/// Two epochs of 100 images, as the progress bar sees them.
void train(std::FILE* out) {
    mnist::progress bar(2, 100, out);
    for (int epoch = 0; epoch < 2; ++epoch) {
        bar.step(50, 2.0);
        bar.step(50, 1.0);
        bar.end_epoch(0.5 + 0.25 * epoch);
    }
}

}  // namespace

TEST_CASE("mnist: numbers with commas") {
    CHECK(mnist::with_commas(0) == "0");
    CHECK(mnist::with_commas(999) == "999");
    CHECK(mnist::with_commas(1000) == "1,000");
    CHECK(mnist::with_commas(-123456) == "-123,456");
    CHECK(mnist::with_commas(1234567) == "1,234,567");
}

TEST_CASE("mnist: the confusion matrix") {
    const std::vector<std::int32_t> labels{0, 0, 0, 0, 1, 9, 9}, read{0, 0, 0, 7, 1, 4, 9};
    CHECK(mnist::accuracy(labels, read) == Approx(5.0 / 7));
    CHECK(mnist::confusion_matrix(labels, read) == R"(digit  read as
           0     1     2     3     4     5     6     7     8     9      right
    0      3     .     .     .     .     .     .     1     .     .    75.00 %
    1      .     1     .     .     .     .     .     .     .     .   100.00 %
    2      .     .     .     .     .     .     .     .     .     .          -
    3      .     .     .     .     .     .     .     .     .     .          -
    4      .     .     .     .     .     .     .     .     .     .          -
    5      .     .     .     .     .     .     .     .     .     .          -
    6      .     .     .     .     .     .     .     .     .     .          -
    7      .     .     .     .     .     .     .     .     .     .          -
    8      .     .     .     .     .     .     .     .     .     .          -
    9      .     .     .     .     1     .     .     .     .     1    50.00 %
)");
    CHECK_THROWS_AS(mnist::confusion_matrix(labels, std::vector<std::int32_t>{1}), kiln::error);
    CHECK_THROWS(mnist::confusion_matrix(std::vector<std::int32_t>{10}, std::vector<std::int32_t>{1}));
}

TEST_CASE("mnist: progress is a plain line an epoch where the output is no terminal") {
    std::FILE* out = std::tmpfile();
    REQUIRE(out);
    train(out);
    std::rewind(out);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), out));
    std::fclose(out);
    const auto cut = text.find('\n') + 1;
    CHECK_THAT(text.substr(0, cut), Matches("epoch 1/2  loss 1\\.5000  accuracy 50\\.00 %  [0-9,]+ images/s  0:00 left\n"));
    CHECK_THAT(text.substr(cut), Matches("epoch 2/2  loss 1\\.5000  accuracy 75\\.00 %  [0-9,]+ images/s  in 0:00\n"));
}

TEST_CASE("mnist: progress redraws one line of a terminal") {
    const int ours = posix_openpt(O_RDWR | O_NOCTTY);
    if (ours < 0 || grantpt(ours) != 0 || unlockpt(ours) != 0) {
        WARN("no pseudo terminal here: not tested");
        return;
    }
    std::FILE* out = std::fopen(ptsname(ours), "w");
    REQUIRE(out);
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    train(out);
    std::fclose(out);
    std::string text;
    char part[256];
    for (ssize_t n = 0; (n = read(ours, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    close(ours);
    unsetenv("NO_COLOR");
    CHECK_THAT(text, Contains("\repoch 1/2  ") && Contains("accuracy 75.00 %"));
    CHECK_THAT(text, !Contains("\x1b[32m"));
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("mnist: the picture is a PNG of the expected size") {
    const scratch_directory dir;
    const fs::path path = dir.root / "picture.png";
    mnist::history run;
    for (int i = 0; i < 300; ++i) run.loss.push_back(std::exp(-0.01f * static_cast<float>(i)));
    run.loss[100] = std::nanf("");
    run.accuracy = {{150, 0.8}, {300, 0.9}};
    std::vector<float> images(25 * 784, 0.0f);
    std::vector<std::int32_t> labels(25, 3), read(25, 3);

    mnist::write_picture(path, run, images, labels, read);
    const decoded none = decode(path);
    CHECK(none.width == 1200);
    for (std::size_t i = 0; i < 11; ++i) read[i] = 5;   // two rows
    std::fill_n(images.begin(), 784, 1.0f);
    mnist::write_picture(path, run, images, labels, read);
    const decoded some = decode(path);
    CHECK(some.width == 1200);
    CHECK(some.height == none.height + 2 * 128);
    const auto row = [&](png_uint_32 y, png_uint_32 x) { return some.grey[y * some.width + x]; };
    CHECK(row(0, 0) == 255);
    CHECK(row(none.height - 28 + 42, 48 + 42) < 50);            // the middle of the first digit is ink
    CHECK(row(none.height - 28 + 128 + 42, 48 + 42) == 255);    // and of the eleventh paper
    CHECK(dir.count() == 1);

    const std::vector<std::int32_t> many_labels(500, 1), many_read(500, 2);
    mnist::write_picture(path, run, std::vector<float>(500 * 784, 0.5f), many_labels, many_read);
    CHECK(decode(path).height == none.height + 12 * 128);       // no more than 120 digits
    mnist::write_picture(path, {}, {}, {}, {});
    CHECK(decode(path).height == none.height);
}

TEST_CASE("mnist: a picture that cannot be written leaves nothing behind") {
    const scratch_directory dir;
    CHECK_THROWS_WITH(mnist::write_picture(dir.root / "no" / "picture.png", {}, {}, {}, {}), Contains("No such file"));
    CHECK_THROWS_AS(mnist::write_picture(dir.root, {}, {}, {}, {}), kiln::io_error);
    CHECK_THROWS_AS(mnist::write_picture("/dev/null", {}, {}, {}, {}), kiln::io_error);
    CHECK(fs::is_character_file("/dev/null"));
    CHECK(dir.count() == 0);
    const std::vector<std::int32_t> one{1};
    CHECK_THROWS_AS(mnist::write_picture(dir.root / "a.png", {}, {}, one, one), kiln::error);
    CHECK(dir.count() == 0);
}

// Handwritten digits, from the files beside this one or from those of the full MNIST set.
#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include <kiln/core/error.hpp>
#include <kiln/core/tensor.hpp>
#include <kiln/io/file_error.hpp>
#include <kiln/io/idx.hpp>

namespace mnist {

/// Images (one row of 784 pixels each, 0 is paper, 1 is ink) and the digits they show.
struct digits {
    static constexpr kiln::i64 side = 28, pixels = side * side, classes = 10;
    kiln::tensor<float, kiln::dynamic, pixels> images;
    kiln::tensor<std::int32_t, kiln::dynamic> labels;

    explicit digits(kiln::i64 n) : images(n), labels(n) {}
    kiln::i64 size() const { return labels.extent(0); }
};

/// Digits to train on, and digits to judge by.
struct dataset {
    digits train, test;
};

/// Reads one pair of IDX files; throws `kiln::io_error` where they are not MNIST's.
inline digits load(const std::filesystem::path& images_path, const std::filesystem::path& labels_path) {
    const auto images = kiln::io::read_idx<3>(images_path);
    const auto labels = kiln::io::read_idx<1>(labels_path);
    const kiln::i64 n = images.extent(0);
    using kiln::io::file_error;
    if (images.extent(1) != digits::side || images.extent(2) != digits::side)
        file_error(images_path, "expected images of 28 x 28 pixels, but they have " + std::to_string(images.extent(1)) +
                                    " x " + std::to_string(images.extent(2)));
    if (labels.extent(0) != n)
        file_error(labels_path, "expected " + std::to_string(n) + " labels, one for each image of \"" +
                                    images_path.string() + "\", but there are " + std::to_string(labels.extent(0)));

    digits result(n);
    std::transform(images.begin(), images.end(), result.images.begin(),
                   [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0f; });
    for (kiln::i64 i = 0; i < n; ++i) {
        const int label = labels(i);
        if (label >= digits::classes)
            file_error(labels_path, "expected labels from 0 to 9, but number " + std::to_string(i) + " is " +
                                        std::to_string(label));
        result.labels(i) = label;
    }
    return result;
}

/// Digits number `first` to `last` (exclusive).
inline digits slice(const digits& all, kiln::i64 first, kiln::i64 last) {
    digits part(last - first);
    std::copy(all.images.data() + first * digits::pixels, all.images.data() + last * digits::pixels, part.images.data());
    std::copy(all.labels.data() + first, all.labels.data() + last, part.labels.data());
    return part;
}

/// The first `n` digits to train on, the rest to judge by.
inline dataset split(const digits& all, kiln::i64 n) {
    if (n < 0 || n > all.size())
        throw kiln::error("split: expected a number from 0 to " + std::to_string(all.size()) + ", but it is " +
                          std::to_string(n));
    return {slice(all, 0, n), slice(all, n, all.size())};
}

/// The 10,000 digits that come with this example: 8,000 to train on, 2,000 held back.
inline dataset bundled(const std::filesystem::path& directory = std::filesystem::path(__FILE__).parent_path() / "data") {
    return split(load(directory / "train-images.gz", directory / "train-labels.gz"), 8000);
}

/// The full set, 60,000 digits and 10,000, from a directory that has MNIST's four files, gzipped or not.
inline dataset full(const std::filesystem::path& directory) {
    if (!std::filesystem::is_directory(directory))
        kiln::io::file_error(directory, "expected a directory with the files of MNIST, but it is none");
    // They are found under the names "train-images-idx3-ubyte" and "train-images.idx3-ubyte".
    const auto find = [&](const std::string& what, const std::string& kind) {
        for (const char* dot : {"-", "."})
            for (const char* gz : {".gz", ""})
                if (const auto path = directory / (what + dot + kind + gz); std::filesystem::exists(path)) return path;
        kiln::io::file_error(directory, "expected the four files of MNIST, but there is no " + what + "-" + kind + "[.gz]");
    };
    const auto train_images = find("train-images", "idx3-ubyte"), train_labels = find("train-labels", "idx1-ubyte"),
               test_images = find("t10k-images", "idx3-ubyte"), test_labels = find("t10k-labels", "idx1-ubyte");
    return {load(train_images, train_labels), load(test_images, test_labels)};
}

}  // namespace mnist

// Handwritten digits, from the files beside this one or from those of the full MNIST set.
#pragma once
#include <cstdint>
#include <string>

#include <kiln/core/tensor.hpp>

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
digits load(const std::string& images_path, const std::string& labels_path);

/// Digits number `first` to `last` (exclusive).
digits slice(const digits& all, kiln::i64 first, kiln::i64 last);

/// The first `n` digits to train on, the rest to judge by.
dataset split(const digits& all, kiln::i64 n);

/// The 10,000 digits that come with this example: 8,000 to train on, 2,000 held back.
dataset bundled(const std::string& directory);
dataset bundled();

/// The full set, 60,000 digits and 10,000, from a directory that has MNIST's four files, gzipped or not.
dataset full(const std::string& directory);

}  // namespace mnist

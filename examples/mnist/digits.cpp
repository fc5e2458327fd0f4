#include "digits.hpp"

#include <algorithm>
#include <filesystem>

#include <kiln/io/file_error.hpp>
#include <kiln/io/idx.hpp>

namespace mnist {

digits load(const std::string& images_path, const std::string& labels_path) {
    const auto images = kiln::io::read_idx<3>(images_path);
    const auto labels = kiln::io::read_idx<1>(labels_path);
    const kiln::i64 n = images.extent(0);
    using kiln::io::file_error;
    if (images.extent(1) != digits::side || images.extent(2) != digits::side)
        file_error(images_path, "expected images of 28 x 28 pixels, but they have " + std::to_string(images.extent(1)) +
                                    " x " + std::to_string(images.extent(2)));
    if (labels.extent(0) != n)
        file_error(labels_path, "expected " + std::to_string(n) + " labels, one for each image of \"" +
                                    images_path + "\", but there are " + std::to_string(labels.extent(0)));

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

digits slice(const digits& all, kiln::i64 first, kiln::i64 last) {
    digits part(last - first);
    std::copy(all.images.data() + first * digits::pixels, all.images.data() + last * digits::pixels, part.images.data());
    std::copy(all.labels.data() + first, all.labels.data() + last, part.labels.data());
    return part;
}

dataset split(const digits& all, kiln::i64 n) {
    if (n < 0 || n > all.size())
        throw kiln::error("split: expected a number from 0 to " + std::to_string(all.size()) + ", but it is " +
                          std::to_string(n));
    return {slice(all, 0, n), slice(all, n, all.size())};
}

dataset bundled(const std::string& directory_name) {
    const std::filesystem::path directory(directory_name);
    return split(load(directory / "train-images.gz", directory / "train-labels.gz"), 8000);
}

dataset full(const std::string& directory_name) {
    const std::filesystem::path directory(directory_name);
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

dataset bundled() { return bundled((std::filesystem::path(__FILE__).parent_path() / "data").string()); }

}  // namespace mnist

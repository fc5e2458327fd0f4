// A directory for the files of one test.
#pragma once
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

/// The bytes of a file, read without what is tested.
inline std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A new directory, removed with all its files at the end of the scope.
struct scratch_directory {
    std::filesystem::path root;

    scratch_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "kiln-test-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        root = name;
    }
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(root, ignored);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    /// Makes a file with these bytes.
    std::filesystem::path write(const std::string& bytes, const std::string& name = "file") const {
        std::ofstream(root / name, std::ios::binary) << bytes;
        return root / name;
    }

    /// How many files there are.
    std::ptrdiff_t count() const {
        return std::distance(std::filesystem::directory_iterator(root), std::filesystem::directory_iterator());
    }
};

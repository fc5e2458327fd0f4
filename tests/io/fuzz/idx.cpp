// read_idx, with gzip and without: it reads files, so the input is one that lies in memory.
#include "kiln/io/idx.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = memfd_create("input", 0);
    static const std::filesystem::path path = "/proc/self/fd/" + std::to_string(file);
    expect(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
    refused_or([] { expect(kiln::io::read_idx<1>(path).rank() == 1); });
    return refused_or([] { expect(kiln::io::read_idx<2>(path).rank() == 2); });
}

// Whatever decode_png accepts is an image within the limit, and is written and read again as the same.
#include "kiln/io/png.hpp"

#include <vector>

#include "fuzz.hpp"

namespace {

using namespace kiln::io;

/// The same with right checksums, without which nothing would come as far as libpng.
std::vector<unsigned char> with_checksums(bytes file) {
    std::vector<unsigned char> result(file.begin(), file.end());
    for (std::size_t at = 8; at + 12 <= result.size();) {
        const kiln::u64 length = detail::big_endian(std::span(result).subspan(at, 4));
        if (length > result.size() - at - 12) break;
        const std::size_t end = at + 8 + static_cast<std::size_t>(length);
        const auto checksum = crc32_z(0, result.data() + at + 4, end - at - 4);
        for (std::size_t i = 0; i < 4; ++i) result[end + i] = static_cast<unsigned char>(checksum >> (24 - 8 * i) & 255);
        at = end + 4;
    }
    return result;
}

void round_trip(bytes file) {
    constexpr kiln::u64 most = 1 << 20;
    const auto image = detail::decode_png(file, fuzz_path, most);
    expect(image.size() > 0 && static_cast<kiln::u64>(image.size()) <= most && image.extent(2) >= 1 && image.extent(2) <= 4);
    const auto written = detail::encode_png({image.data(), static_cast<std::size_t>(image.size())}, image.extent(0),
                                            image.extent(1), image.extent(2));
    expect(detail::decode_png(written, fuzz_path) == image);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    refused_or([&] { round_trip({data, size}); });
    return refused_or([&] { round_trip(with_checksums({data, size})); });
}

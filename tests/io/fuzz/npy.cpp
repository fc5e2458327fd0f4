// Whatever decode_npy accepts is written and read again as the same array.
#include "kiln/io/npy.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return refused_or([&] {
        using namespace kiln::io;
        const array a = detail::to_array(detail::decode_npy({data, size}, fuzz_path), fuzz_path);
        expect(a.bytes.size() <= size);
        const std::string header = detail::encode_npy_header(a.type, a.shape);
        expect(header.size() % 64 == 0);
        std::vector<unsigned char> file(header.begin(), header.end());
        file.insert(file.end(), a.bytes.begin(), a.bytes.end());
        const array again = detail::to_array(detail::decode_npy(file, fuzz_path), fuzz_path);
        expect(again.type == a.type && again.shape == a.shape && again.bytes == a.bytes);
    });
}

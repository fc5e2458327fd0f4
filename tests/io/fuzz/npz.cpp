// Whatever decode_npz accepts is written and read again as the same arrays.
#include "kiln/io/npz.hpp"

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return refused_or([&] {
        using namespace kiln::io;
        constexpr kiln::u64 most = 1 << 16;
        const auto arrays = detail::decode_npz({data, size}, fuzz_path, most);
        std::vector<named_array> named;
        for (const auto& [name, a] : arrays) {
            if (name.empty()) return;   // is read but not written
            named.emplace_back(name, a);
        }
        const auto again = detail::decode_npz(detail::encode_npz(named, {}, fuzz_path), fuzz_path, most);
        expect(again.size() == arrays.size());
        for (const auto& [name, a] : arrays) {
            const auto found = again.find(name);
            expect(found != again.end());
            expect(found->second.type == a.type && found->second.shape == a.shape && found->second.bytes == a.bytes);
        }
    });
}

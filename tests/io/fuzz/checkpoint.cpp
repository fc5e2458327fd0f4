// Whatever an index of checkpoints names is a file in its own folder.
#include "fuzz.hpp"
#include "kiln/io/saver.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return refused_or([&] {
        for (const auto& c : kiln::io::detail::decode_checkpoint_index({data, size}, fuzz_path)) {
            const std::filesystem::path file = c.file();
            expect(!file.has_parent_path() && !file.has_root_path() && file.filename() == file);
            expect(kiln::io::detail::checkpoint_name::of(c.file()) == c);
        }
    });
}

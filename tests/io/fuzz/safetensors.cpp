// Whatever decode_safetensors accepts tiles the data, and is written and read again as the same. A restore takes all
// variables or none.
#include "kiln/io/checkpoint.hpp"

#include "fuzz.hpp"

namespace {

using namespace kiln;

void round_trip(bytes file) {
    const auto contents = io::detail::decode_safetensors(file, fuzz_path);
    std::vector<io::named_array> named;
    std::size_t total = 0;
    for (const auto& [name, entry] : contents.tensors) {
        total += entry.bytes.size();
        if (entry.type->type == dtype::none) return;
        named.emplace_back(name, entry.type->type, entry.shape, entry.bytes);
    }
    expect(total <= file.size());
    std::vector<const io::named_array*> order;
    for (const auto& a : named) order.push_back(&a);
    const std::string header = io::detail::encode_safetensors_header(order, contents.metadata, fuzz_path);
    std::vector<unsigned char> written(header.begin(), header.end());
    for (const auto& a : named) written.insert(written.end(), a.bytes.begin(), a.bytes.end());
    const auto again = io::detail::decode_safetensors(written, fuzz_path);
    expect(again.metadata == contents.metadata && again.tensors.size() == contents.tensors.size());
    for (const auto& [name, entry] : contents.tensors) {
        const auto found = again.tensors.find(name);
        expect(found != again.tensors.end() && found->second.type == entry.type && found->second.shape == entry.shape &&
               std::ranges::equal(found->second.bytes, entry.bytes));
    }
}

void restore(bytes file, bool partial) {
    float w[6]{};
    std::int32_t n = 0;
    bool have_w = false, have_n = false;
    const i64 shape[] = {2, 3};
    const stored_variable variables[] = {{"w", dtype::float32, shape, w, &have_w}, {"n", dtype::int32, {}, &n, &have_n}};
    const auto changed = [&] { return n != 0 || std::ranges::any_of(w, [](float x) { return x != 0; }); };
    try {
        io::detail::restore_variables(fuzz_path, file, variables, {.rename = {}, .partial = partial});
        expect(partial ? have_w || have_n : have_w && have_n);
    } catch (const io_error&) {
        expect(!have_w && !have_n && !changed());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    restore({data, size}, true);
    restore({data, size}, false);
    return refused_or([&] { round_trip({data, size}); });
}

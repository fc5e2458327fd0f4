// Results of more than the caches hold go past them.
#pragma once
#include <kiln/plan/key.hpp>

#include <cstdint>

namespace kiln::cpu {

/// The slots of a map: bytes of an element of what could be streamed, 0 of others; what is loaded.
struct streams {
    static constexpr int most = 16;
    int size[most];
    bool loaded[most];
};
/// How many columns from `first` on go before the first streamed one; -1: this call does not stream. Results are larger than
/// the caches, lie alike and are not updated in place, since then their lines have been fetched anyway. A function of its own, for few maps are so large.
[[gnu::noinline]] inline i64 columns_before_stream(const streams& s, char* const* a, i64 n1, i64 first, int vector_bytes) {
    i64 bytes = 0, before = -1;
    for (int i = 0; i < streams::most; ++i) {
        if (!s.size[i]) continue;
        bytes += n1 * s.size[i];
        const char* from = a[i] + first * s.size[i];
        const i64 columns_before = static_cast<i64>(-reinterpret_cast<std::uintptr_t>(from) % static_cast<std::uintptr_t>(vector_bytes)) / s.size[i];
        if (before >= 0 && columns_before != before) return -1;
        before = columns_before;
        for (int j = 0; j < streams::most; ++j)
            if (s.loaded[j] && a[j] == a[i]) return -1;
    }
    return bytes > beyond_caches ? before : -1;
}

}  // namespace kiln::cpu

// Random numbers: sixteen blocks of the generator at a time, in plain loops that compilers turn into vectors.
#pragma once
#include <kiln/backend/cpu/simd.hpp>
#include <kiln/ops/random.hpp>

namespace kiln::cpu {

inline constexpr int random_tile = 16;
/// Blocks first, first + 1, ... of a stream: word k of block first + l is w[k][l].
KILN_INLINE void random_blocks(u64 key, u64 stream, u64 first, std::uint32_t (&w)[4][random_tile]) {
    for (int l = 0; l < random_tile; ++l) {
        const u64 block = first + static_cast<u64>(l);
        w[0][l] = static_cast<std::uint32_t>(block);
        w[1][l] = static_cast<std::uint32_t>(block >> 32);
        w[2][l] = static_cast<std::uint32_t>(stream);
        w[3][l] = static_cast<std::uint32_t>(stream >> 32);
    }
    std::uint32_t key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
    for (int k = 0; k < philox::rounds; ++k, key0 += philox::key0_step, key1 += philox::key1_step)
        for (int l = 0; l < random_tile; ++l) philox::round(w[0][l], w[1][l], w[2][l], w[3][l], key0, key1);
}

template <class Op, class T>
inline constexpr int random_numbers_at_once = random_tile * Op::template per_block<typename Op::template raw<T>>;
/// Elements [from, to) of what Op draws; `from` is a multiple of random_numbers_at_once.
template <class Op, class T>
void draw(T* out, i64 from, i64 to, u64 key, u64 step) {
    using raw = typename Op::template raw<T>;
    constexpr int n = Op::template per_block<raw>, at_once = random_tile * n;
    std::uint32_t w[4][random_tile];
    raw numbers[at_once];
    for (i64 i = from; i < to; i += at_once) {
        random_blocks(key, step, static_cast<u64>(i / n), w);
        for (int l = 0; l < random_tile; ++l) {
            const std::uint32_t words[4]{w[0][l], w[1][l], w[2][l], w[3][l]};
            Op::numbers(words, numbers + n * l);
        }
        const i64 m = to - i < at_once ? to - i : at_once;
        for (i64 k = 0; k < m; ++k) out[i + k] = static_cast<T>(Op::settled(numbers[k], key, step, static_cast<u64>(i + k)));
    }
}

}  // namespace kiln::cpu

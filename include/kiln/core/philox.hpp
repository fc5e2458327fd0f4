// Random numbers as pure functions of (key, stream, index): any element of any tensor can be drawn by itself, in any
// order and on any device, and drawing it again gives the same bits.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <kiln/core/math.hpp>
#include <kiln/core/types.hpp>

namespace kiln {

/// Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and what
/// is drawn with it.
struct philox {
    static constexpr int rounds = 10;

    /// The four random words that belong to a counter and a key.
    static constexpr std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter,
                                                        std::array<std::uint32_t, 2> key) {
        std::uint32_t words[4] = {counter[0], counter[1], counter[2], counter[3]};
        encrypt(words, key[0], key[1]);
        return {words[0], words[1], words[2], words[3]};
    }

    /// The same in place; with plain arrays, so that device code can call it.
    KILN_HD static constexpr void encrypt(std::uint32_t (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
        for (int k = 0; k < rounds; ++k, key0 += key0_step, key1 += key1_step)
            round(counter[0], counter[1], counter[2], counter[3], key0, key1);
    }
    static constexpr std::uint32_t key0_step = 0x9E3779B9, key1_step = 0xBB67AE85;   // the golden ratio, sqrt(3) - 1
    KILN_HD static constexpr void round(std::uint32_t& c0, std::uint32_t& c1, std::uint32_t& c2, std::uint32_t& c3, std::uint32_t key0,
                                        std::uint32_t key1) {
        const u64 a = u64{0xD2511F53} * c0, b = u64{0xCD9E8D57} * c2;
        c0 = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ key0;
        c1 = static_cast<std::uint32_t>(b);
        c2 = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ key1;
        c3 = static_cast<std::uint32_t>(a);
    }

    /// Block number `block` of a stream: the number is one half of the counter, the stream the other.
    KILN_HD static constexpr void stream_block(u64 key, u64 stream, u64 block, std::uint32_t (&words)[4]) {
        words[0] = static_cast<std::uint32_t>(block);
        words[1] = static_cast<std::uint32_t>(block >> 32);
        words[2] = static_cast<std::uint32_t>(stream);
        words[3] = static_cast<std::uint32_t>(stream >> 32);
        encrypt(words, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
    }

    /// Word number `index` of a stream: a lane of block `index / 4`.
    KILN_HD static constexpr std::uint32_t random_bits(u64 key, u64 stream, u64 index) {
        std::uint32_t words[4] = {};
        stream_block(key, stream, index / 4, words);
        return words[index % 4];
    }

    /// Two words as one, number `index` of a stream of such.
    KILN_HD static constexpr u64 random_bits64(u64 key, u64 stream, u64 index) {
        std::uint32_t words[4] = {};
        stream_block(key, stream, index / 2, words);
        return index % 2 == 0 ? u64{words[0]} << 32 | words[1] : u64{words[2]} << 32 | words[3];
    }

    /// A number in [0, 1): a float of 24 bits of `high`, or a double of 53 bits of both words.
    template <std::floating_point T>
    KILN_HD static constexpr T uniform01(std::uint32_t high, [[maybe_unused]] std::uint32_t low = 0) {
        static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
        if constexpr (std::is_same_v<T, float>) return static_cast<float>(high >> 8) * 0x1p-24f;
        else return static_cast<double>((u64{high} << 32 | low) >> 11) * 0x1p-53;
    }

    /// Number `index` of a stream of numbers in [0, 1): a float takes one word, a double takes two.
    template <std::floating_point T>
    KILN_HD static constexpr T uniform(u64 key, u64 stream, u64 index) {
        if constexpr (std::is_same_v<T, float>) return uniform01<T>(random_bits(key, stream, index));
        else {
            const u64 bits = random_bits64(key, stream, index);
            return uniform01<T>(static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits));
        }
    }

    /// Number `index` of a stream of normally distributed numbers with mean 0 and variance 1 (Box and Muller): one
    /// block makes a pair of them.
    KILN_HD static constexpr double normal(u64 key, u64 stream, u64 index) {
        std::uint32_t words[4] = {};
        stream_block(key, stream, index / 2, words);
        const double angle = normal_angle(words);
        return normal_radius(words) * (index % 2 == 0 ? math::cos(angle) : math::sin(angle));
    }
    /// The pair of a block: radius * cos(angle), radius * sin(angle).
    KILN_HD static constexpr double normal_radius(const std::uint32_t (&words)[4]) {
        const double chance = 1.0 - uniform01<double>(words[0], words[1]);   // in (0, 1]: it has a logarithm
        return math::sqrt(-2.0 * math::log(chance));
    }
    KILN_HD static constexpr double normal_angle(const std::uint32_t (&words)[4]) {
        return 2 * 3.14159265358979323846 * uniform01<double>(words[2], words[3]);
    }

    /// The same without what lies two standard deviations or more from the mean: such an element is drawn again, from
    /// counters of its own. Indices stay below 2^56.
    KILN_HD static constexpr double truncated_normal(u64 key, u64 stream, u64 index) {
        return redrawn(normal(key, stream, index), key, stream, index);
    }
    /// x, the first draw, if it stays.
    KILN_HD static constexpr double redrawn(double x, u64 key, u64 stream, u64 index) {
        // one draw in 22 is refused, so that 255 refusals in a row are never seen
        for (u64 attempt = 1; attempt < 256 && !(-2.0 < x && x < 2.0); ++attempt) x = normal(key, stream, index + (attempt << 56));
        return x;
    }
};

/// The key that belongs to a seed and the hash (FNV-1a) of a name.
constexpr u64 key_of_hash(u64 name, u64 seed) {
    constexpr auto mix = [](u64 x) {   // every bit of x moves about half of the result's
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    };
    return mix(name ^ mix(seed + 0x9E3779B97F4A7C15));
}
/// The key that belongs to a name and a seed.
constexpr u64 key_of(const char* name, u64 seed) {
    u64 hash = 0xCBF29CE484222325;
    for (; *name != '\0'; ++name) hash = (hash ^ static_cast<unsigned char>(*name)) * 0x100000001B3;
    return key_of_hash(hash, seed);
}

}  // namespace kiln

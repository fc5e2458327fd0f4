// How threads share a contraction: outer axes, columns or rows of the result, or slices whose sums are joined.
#pragma once
#include <kiln/backend/cpu/contraction_body.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct contraction_shares : contraction_body<K, VB, Registers> {
    using shape = contraction_body<K, VB, Registers>;
    using typename shape::base, typename shape::T, typename shape::heights;
    using base::f, base::L, base::axes, base::n;
    using shape::MR, shape::NV, shape::bias, shape::computes_left, shape::computes_right, shape::copies_of, shape::most_vectors, shape::sums_in_registers, shape::windows;
    template <int P>
    using only = typename base::template only<P>;

    /// Sums over rows of few columns are those of slices of the rows.
    using sums_of_slice = kept_sums<base, VB>;
    static constexpr int n_sums = only<base::all_after>::size();
    static constexpr i64 bytes_of_sums = VB * n_sums * most_vectors;
    static constexpr bool joins_rows = K::header.slices && n_sums > 0 && sums_in_registers && base::n1_constant <= 2 * NV * L && slices::have_room(bytes_of_sums);
    /// Sums of a few tiles, which threads cannot share evenly, are those of slices of the inner axis.
    static constexpr bool joins_steps = K::header.slices && n_sums == 0 && !windows && !computes_left && !computes_right && shape::left_over == 0 && !shape::body_in_registers && bias.sum == n;
    static constexpr bool joins = joins_rows || joins_steps;
    static constexpr i64 few_tiles = 16;
    static KILN_INLINE i64 kept_bytes([[maybe_unused]] const i64* sizes) {
        if constexpr (!joins_steps) return bytes_of_sums;
        else {
            const i64 rows = sizes[axes - 2], n1 = sizes[axes - 1], tiles = (rows + MR - 1) / MR * ((n1 + NV * L - 1) / (NV * L));
            return tiles < few_tiles ? (rows * kept_row(n1) * i64{sizeof(T)} + VB - 1) / VB * VB : i64{slices::bytes};
        }
    }
    static constexpr i64 kept_row(i64 n1) { return (n1 + L - 1) / L * L; }
    static constexpr int phases = 1;
    static constexpr i64 indices(const i64*) { return 1; }
    static KILN_INLINE void join(char* to, char* next, const i64* sizes, int) {
        if constexpr (joins_steps) join_vectors(to, next, kept_bytes(sizes));
        else sums_of_slice::join(only<base::all_after>{}, most_vectors, to, next);
    }

    /// The same of sums that lie as whole vectors.
    static KILN_INLINE void join_vectors(char* to, const char* next, i64 bytes) {
        using lanes = tile_lanes<T, VB / static_cast<int>(sizeof(T))>;
        for (i64 k = 0; k < bytes; k += VB) store(to + k, load<lanes>(to + k) + load<lanes>(next + k));
    }

    /// How much a call does, in elements of a simple map.
    static constexpr i64 work(const i64* sizes) {
        const i64 rows = sizes[axes - 2], columns = sizes[axes - 1];
        i64 steps = sizes[axes];
        for (int k = 0; k < axes - 2; ++k) steps *= sizes[k];
        const i64 sums = rows * columns * steps / 8, read = (rows + columns) * steps / 4;   // a multiply-add needs no memory, unless there are few
        return sums > read ? sums : read;
    }
    /// Split over threads: outer axes, but for a few that come out uneven and have no sums across what threads share; or blocks of columns where no total
    /// crosses them, or else, where nothing is summed over rows and that is the more even, tiles of rows.
    static constexpr bool splits = K::header.outer > 0 || only<base::cross_scalar>::size() == 0;
    static KILN_INLINE bool splits_outer([[maybe_unused]] const i64* sizes, [[maybe_unused]] int parts) {
        if constexpr (K::header.outer == 0) return false;
        else if constexpr (only<base::all_after>::size() > 0 || computes_left || computes_right) return true;
        else return outer_axes_come_out_even<K>(sizes, parts);
    }
    struct parts_of_result {
        part_range rows, columns;
    };
    static KILN_INLINE i64 scratch_of(const i64* sizes) {
        const i64 n0 = known_or<K::extent(axes - 2)>(sizes[axes - 2]), n1 = known_or<K::extent(axes - 1)>(sizes[axes - 1]), inner = known_or<K::inner>(sizes[axes]);
        return f.n_scratch * scratch_row(n1) * base::B + panels_of(copies_of(n0, n1, inner), n0, n1, inner, sizeof(T), VB).all();
    }
    static KILN_INLINE parts_of_result part_of_result(i64 rows, i64 n1, bool crowd, int part, int parts) {
        if (joins_steps && parts < 0) return {{0, rows}, {0, n1}};
        if (joins_rows && parts < 0) return {part == -parts ? part_range{rows, rows} : part_range{first_row(rows, crowd, part, -parts), first_row(rows, crowd, part + 1, -parts)}, {0, n1}};
        if (parts == 1 || !splits) return {{0, rows}, {0, n1}};
        if constexpr (only<base::all_after>::size() == 0 && !shape::single_row) {
            const auto pieces = [](i64 n, i64 at_once) { return (n + at_once - 1) / at_once; };
            const i64 tiles = pieces(rows, crowd ? heights::half : MR), vectors = pieces(n1, L), most = pieces(pieces(n1, NV * L), parts) * NV;   // of the columns of a part
            if (pieces(tiles, parts) * vectors < (most < vectors ? most : vectors) * tiles) return {{first_row(rows, crowd, part, parts), first_row(rows, crowd, part + 1, parts)}, {0, n1}};
        }
        return {{0, rows}, range_of(n1, part, parts, NV * L)};
    }
    /// Tiles are the same for any number of parts.
    static KILN_INLINE i64 first_row(i64 rows, bool crowd, int part, int parts) {
        const i64 least = rows * part / parts;
        i64 i = 0;
        while (i < least) i += heights::at(i, rows, crowd);
        return i;
    }
};

}  // namespace kiln::cpu

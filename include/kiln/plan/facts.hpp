// What follows from a key: when each node of the body is known. Before the nest, in the row, in a later pass over the row,
// after the nest.
#pragma once
#include <kiln/plan/key.hpp>

namespace kiln {

constexpr bool without_operands(const key_node& x) {
    return x.kind == step::load || x.kind == step::constant || x.kind == step::counter || x.kind == step::tile;
}

/// Facts of a body of at most N nodes.
template <int N>
struct body_facts {
    key_node node[N + 1];   // nothing is filled in advance: that would cost more than the passes
    bool costly[N + 1];
    int n = 0, row_bit = 0, column_bit = 0;
    bool sections = false;   // something is read elsewhere, or masked
    bool contraction = false, in_registers = false;   // in registers: short rows of constant length, which need no scratch

    int stage[N + 1];        // passes over the row that must be over before the node is known
    int passes = 0;          // passes over the row altogether
    bool post[N + 1];        // known after the nest
    unsigned in_pass[N + 1];        // bit s: takes part in pass s (fusion allows for max_passes of them)
    int scratch[N + 1];      // which scratch row it has; -1: none
    int n_scratch = 0;
    bool back[N + 1];        // a value of the row that goes back into the row
    bool defer = false;      // costly values of rows are collected and computed as one vector
    int inner_products = 0;  // along the row
    bool grouped = false;    // short rows, as many at a time as a vector has lanes
    bool turned = false;     // and computed column by column: lanes are rows
    int end_to_end = 0;      // so many rows fill whole vectors, as if they were one

    /// The body of a key of so many words.
    constexpr void read(const key_header& h, const u64* w, int words) {
        contraction = h.kind == group_kind::contraction;
        in_registers = w[h.axes] > 0;
        column_bit = 1 << (h.axes - 1);
        row_bit = h.has_rows ? 1 << (h.axes - 2) : 0;
        const int first = 1 + h.axes + contraction + h.ops;
        n = words - first - h.constants;
        for (int i = 0; i < n; ++i) {
            node[i] = unpacked_node(w[first + i]);
            costly[i] = false;
        }
    }
    constexpr int arity(int i) const {
        const key_node& x = node[i];
        return without_operands(x) ? 0 : x.kind == step::operation ? 3 : 1;
    }
    constexpr bool columns(int i) const { return node[i].mask & column_bit; }
    constexpr bool rows(int i) const { return node[i].mask & row_bit; }
    constexpr bool row_value(int i) const { return !columns(i) && (rows(i) || row_bit == 0); }
    constexpr bool reduces(int i) const { return node[i].kind == step::reduce; }
    constexpr bool along_row(int i) const {
        return reduces(i) && !columns(i) && columns(node[i].in[0]) && (rows(i) || row_bit == 0);
    }
    constexpr bool after(int i) const { return reduces(i) && !along_row(i); }
    constexpr bool tail(int i) const { return defer && !post[i] && rows(i) && !columns(i) && !along_row(i) && !back[i]; }
    constexpr bool tail_sum(int i) const { return defer && after(i) && !columns(node[i].in[0]); }
    constexpr bool reads(int j, int i) const {
        for (int k = 0; k < arity(j); ++k)
            if (node[j].in[k] == i) return true;
        return false;
    }
    constexpr bool collected(int i) const {
        if (!defer || columns(i) || !rows(i) || post[i] || tail(i)) return false;
        for (int j = i + 1; j < n; ++j)
            if ((tail(j) || tail_sum(j)) && reads(j, i)) return true;
        return false;
    }
    /// The first and the last pass in which node i is computed; 0 where it is in none.
    constexpr int first_pass(int i) const { return in_pass[i] ? __builtin_ctz(in_pass[i]) : 0; }
    constexpr int last_pass(int i) const { return in_pass[i] ? 31 - __builtin_clz(in_pass[i]) : 0; }
    /// Ends a pass: a reduction or a store of what varies along the row.
    constexpr bool ends_pass(int i) const {
        if (node[i].kind != step::reduce && node[i].kind != step::store) return false;
        return columns(node[i].in[0]) && !post[node[i].in[0]];
    }

    /// What is wanted after the nest is folded in any pass, best in one that has its operand anyway.
    constexpr bool free_of_pass(int i) const { return after(i) && !in_registers; }
    /// Each node takes part in the passes of what reads it.
    constexpr void spread_passes() {
        for (int i = n - 1; i >= 0; --i)
            for (int k = 0; k < arity(i); ++k) {
                const int o = node[i].in[k];
                if (columns(o) && !reduces(o)) in_pass[o] |= in_pass[i];
            }
    }

    /// A fold along the row that nothing waits for is done in a later pass that has its operand anyway, which is then not computed in an
    /// earlier one.
    constexpr void fold_later() {
        int before[N + 1];   // the pass, or their number, before which everything must be over that is made of a node and wanted in the row
        const auto look_back = [&] {
            for (int i = 0; i < n; ++i) before[i] = passes;
            for (int j = n - 1; j >= 0; --j) {
                const int p = columns(j) ? first_pass(j) : before[j];   // 0 of what sums over rows alone read: it has no pass yet, and nothing that it needs moves
                for (int k = 0; k < arity(j) && !post[j] && !after(j); ++k)
                    if (p < before[node[j].in[k]]) before[node[j].in[k]] = p;
            }
        };
        look_back();
        for (int i = n - 1; i >= 0; --i) {
            if (!along_row(i)) continue;
            const int o = node[i].in[0];
            unsigned anyway = 0;
            for (int j = o + 1; j < n; ++j)
                if (j != i && reads(j, o)) anyway |= in_pass[j];
            anyway = (anyway & ((1u << before[i]) - 1)) >> stage[o];
            if (anyway == 0 || (anyway & 1)) continue;
            stage[i] = stage[o] + __builtin_ctz(anyway) + 1;
            in_pass[i] = 1u << (stage[i] - 1);
            for (int j = 0; j < n; ++j) {
                if (!ends_pass(j)) in_pass[j] = 0;
                for (int k = 0; k < arity(j) && !along_row(j); ++k)
                    if (stage[node[j].in[k]] > stage[j]) stage[j] = stage[node[j].in[k]];
            }
            spread_passes();
            look_back();
        }
    }

    constexpr void derive() {
        for (int i = 0; i < n; ++i) {
            back[i] = false;
            in_pass[i] = 0;
            const int m = arity(i);
            bool p = after(i);
            int s = 0;
            for (int k = 0; k < m; ++k) {
                p |= post[node[i].in[k]];
                if (stage[node[i].in[k]] > s) s = stage[node[i].in[k]];
            }
            post[i] = p;
            stage[i] = s;
            if (ends_pass(i) && s + 1 > passes) passes = s + 1;
            if (along_row(i)) ++stage[i];
        }
        for (int i = n - 1; i >= 0; --i)
            for (int k = 0; k < arity(i); ++k) {
                const int o = node[i].in[k];
                if (!columns(o) && !post[o] && !post[i] && (columns(i) || (back[i] && !along_row(i)))) back[o] = true;
            }
        for (int i = 0; i < n; ++i) sections |= node[i].section || (node[i].kind == step::counter && node[i].type == dtype::boolean);
        if (!contraction && row_bit && !sections)
            for (int i = 0; i < n; ++i)
                if (rows(i) && !columns(i) && !post[i] && !back[i] && node[i].kind == step::operation && costly[i]) defer = true;
        for (int i = 0; i < n; ++i)
            if (ends_pass(i) && !free_of_pass(i)) in_pass[i] = 1u << stage[node[i].in[0]];
        spread_passes();
        if (passes > 2 && !in_registers) fold_later();
        for (int i = 0; i < n; ++i)
            if (ends_pass(i) && free_of_pass(i)) {
                const unsigned anyway = in_pass[node[i].in[0]] >> stage[node[i].in[0]];
                in_pass[i] = 1u << (stage[node[i].in[0]] + (anyway ? __builtin_ctz(anyway) : 0));
            }
        spread_passes();
        for (int i = 0; i < n; ++i) {
            scratch[i] = -1;
            if (in_registers) continue;
            if (reduces(i) && columns(i)) scratch[i] = n_scratch++;   // sums of columns
            else if (node[i].kind == step::operation && columns(i) && costly[i] && !post[i]) {
                if (in_pass[i] & (in_pass[i] - 1)) scratch[i] = n_scratch++;   // in several passes
            }
        }
    }
    /// Loaded or computed once for all rows, as it is the same in each.
    constexpr bool fixed(int i) const {
        const bool any = node[i].kind == step::load || node[i].kind == step::operation;
        return grouped && any && columns(i) && !rows(i) && !post[i];
    }
    /// Short rows leave lanes empty at their end. Where nothing is known of a row as a whole, several rows that lie one behind the
    /// other are one of whole vectors: six columns of floats are eight rows of 48.
    constexpr void lay_end_to_end(int lanes, i64 extent) {
        if (!in_registers || row_bit == 0 || passes != 1 || extent < 1 || sections) return;
        i64 together = 1;
        while (extent * together % lanes != 0) together *= 2;   // lanes are a power of two
        i64 vectors = extent * together / lanes;
        const i64 alone = (extent + lanes - 1) / lanes * together;
        if (together > 16 || vectors > (contraction ? 6 : 8) || (!contraction && (together == 1 || 5 * vectors > 4 * alone))) return;
        for (int i = 0; i < n; ++i) {
            const key_node& x = node[i];
            if (reduces(i) && x.type == dtype::boolean) return;   // lanes of masks do not add up
            if (!post[i] && (row_value(i) || (rows(i) && (x.kind == step::counter || x.strided)))) return;
        }
        for (; !contraction && vectors < 4; vectors *= 2) together *= 2;   // a sum to which every vector adds would wait for each
        end_to_end = static_cast<int>(together);
    }
    /// Turned rows leave no lanes empty and fold without shuffles, for which squares of them are transposed, or, where there are no masks and
    /// rows are less than a vector, elements loaded and stored one by one. That pays for one vector and for more, up to four of up to eight
    /// lanes and two of sixteen, of which a tenth of the lanes would be empty; of up to eight lanes also for two whole ones.
    static constexpr bool worth_turning(int lanes, i64 extent) {
        const i64 vectors = (extent + lanes - 1) / lanes;
        if (lanes > 8 && vectors > 2) return false;
        return vectors <= 4 && (extent <= lanes || (lanes <= 8 && extent == 2 * lanes) || 10 * extent <= 9 * vectors * lanes);
    }
    /// Folds along short rows are done for many rows at once: all values of rows are then vectors of rows, and values of the row
    /// that are costly and wanted in several passes are kept for each of them. Vectors of four lanes gain nothing by it where rows are
    /// short and nothing is costly, nor does a single fold whose row is read again after it, but for an inner product. Inner products
    /// are not turned for the sake of what is made of them, which is a vector of rows in any case (logistic regression 30 %).
    constexpr void group_rows(int lanes, i64 extent) {
        if (contraction || !in_registers || row_bit == 0 || lanes < 4 || lanes > 16 || sections) return;
        int folds = 0, n_costly = 0;
        bool costly_elements = false;
        for (int i = 0; i < n; ++i) {
            folds += along_row(i);
            n_costly += costly[i];
            costly_elements |= costly[i] && in_pass[i] != 0;
        }
        if (lanes < 8 && extent < (n_costly > 0 ? 3 : 3 * lanes)) return;
        const bool gains = costly_elements || (n_costly > 0 && inner_products < folds);
        turned = folds > 0 && (gains ? worth_turning(lanes, extent) : 8 * extent <= 3 * lanes);
        grouped = turned || (folds > 0 && (n_costly > 0 || folds > 1 || passes == 1 || inner_products > 0));
        if (!grouped) return;
        defer = false;
        int kept = 0;
        for (int i = 0; i < n; ++i)
            if (node[i].kind == step::operation && columns(i) && costly[i] && !post[i] && !fixed(i) && (in_pass[i] & (in_pass[i] - 1)))
                scratch[i] = kept++;
    }
};

/// Scratch rows are padded to whole vectors of any width; an element takes the bytes of a lane, those of the widest dtype of the body.
constexpr i64 scratch_row(i64 columns) { return (columns + 63) / 64 * 64; }

}  // namespace kiln

// Rows of the table of operations (tests/ops/table.hpp) on the cpu backend: some rows, of one dtype, as one function whose
// outputs are their values and gradients, against the reference interpreter on the same graph.
#pragma once
#include "backend/cpu/compare.hpp"
#include "ops/table.hpp"
#include "ops/trial.hpp"

namespace kiln::testing {

enum class part { elementwise, broadcast, general };

/// Which row and case an output belongs to, and what it is.
struct output_row {
    int row, which;
    bool gradient;
};
struct input_row {
    int row, operand;
};
struct table_layout {
    output_row output[512];
    input_row input[256];
    int n_outputs, n_inputs;
};

/// A program as basic_function wants it. Cases: how many shapes of a row are tried. Order: 1 with gradients.
template <part Part, int First, int Last, dtype T, int Cases, int Order>
struct table_program {
    static constexpr bool several = true;
    struct state {
        table_layout at;
        value roots[1024];
    };

    static constexpr void build(builder& b, state& s) {
        value in[256];
        for (int i = First; i < Last && i < static_cast<int>(std::size(rows)); ++i) {
            const row& r = rows[i];
            if (!kiln::accepts(r.takes, T) || r.elementwise() != (Part != part::general) || (Part == part::broadcast && r.arity < 2)) continue;
            const int cases = Part == part::elementwise ? 1 : Part == part::broadcast ? r.arity + 1 : r.n_cases < Cases ? r.n_cases : Cases;
            for (int c = 0; c < cases; ++c) one(b, s, in, i, c);
        }
        for (int k = 0; k < s.at.n_inputs; ++k) s.roots[s.at.n_outputs + k] = in[k];
    }
    static constexpr void one(builder& b, state& s, value* in, int i, int c) {
        const row& r = rows[i];
        value x[4], wrt[4], dx[4];
        int n = 0;
        for (int k = 0; k < r.arity; ++k) {
            list shape{};
            if constexpr (Part == part::general) {
                const dims d = r.cases[c].of[k];
                for (int j = 0; j < d.n; ++j) shape.put(d.at[j]);
            } else if constexpr (Part == part::elementwise) shape.put(b.product(ints_of(b, "n")));
            else {   // one operand is a column, a row, a number in turn
                const bool narrow = (k + c) % 3 == 0, column = (k + c) % 3 == 1;
                if (!narrow) {
                    if (k == 0 || column) shape.put(b.product(ints_of(b, "n")));
                    shape.put(column && k > 0 ? 1 : 13);
                }
            }
            word name{};
            name.put("x").put(i64{s.at.n_inputs});
            x[k] = placeholder_of(b, name.s, {b.intern(shape), r.dtype_of_operand(k, T)});
            in[s.at.n_inputs] = x[k];
            s.at.input[s.at.n_inputs++] = {i, k};
            if (is_floating(x[k].element())) wrt[n++] = x[k];
        }
        const value y = r.apply({b, x, T});
        put(s, y, i, c, false);
        if (Order == 0 || n == 0 || r.order == 0 || !is_floating(y.element()) || y.element() != T) return;
        const value seed = Part == part::general ? y : ones_like(y);
        reverse(b, &y, &seed, 1, wrt, n, dx);
        for (int k = 0; k < n; ++k)
            if (!dx[k].zero()) put(s, dx[k], i, c, true);
    }
    static constexpr list ints_of(builder& b, const char* name) {
        list p{};
        p.put(1);
        p.put(b.name(name));
        return p;
    }
    static constexpr void put(state& s, value v, int i, int c, bool gradient) {
        s.roots[s.at.n_outputs] = v;
        s.at.output[s.at.n_outputs++] = {i, c, gradient};
    }
    static constexpr built run() {
        builder b{};
        state s{};
        build(b, s);
        return finished(b, s.roots, s.at.n_outputs + s.at.n_inputs);
    }
    static constexpr table_layout layout = [] {
        builder b{};
        state s{};
        build(b, s);
        return s.at;
    }();
    static constexpr signature sig{layout.n_outputs, 0, layout.n_inputs};
    using fed = fed_inputs<>;
    static constexpr auto found = made_by<table_program>();
    static constexpr bool wrong = a_finding<decltype(found)>;
};

/// Is got near enough to want, as the row says of its value?
inline bool near_enough(const row& r, dtype t, bool gradient, double got, double want) {
    const double largest = t == dtype::float32 ? 3.4028234663852886e38 : 1.7976931348623157e308;
    if (std::isnan(got) || std::isnan(want)) return false;
    if (std::isinf(got) || std::isinf(want))   // the one infinite, the other almost
        return (got > 0) == (want > 0) && std::min(std::fabs(got), std::fabs(want)) > largest * (1 - 1e-6);
    const double epsilon = t == dtype::float32 ? std::ldexp(1.0, -23) : std::ldexp(1.0, -52);
    // where the quotient is too small for the dtype: the interpreter has it in double
    if (std::string(r.name) == "floor_divide" && want == -1 && got == 0) return true;
    if (gradient) return std::fabs(got - want) <= 200 * epsilon * std::max(1.0, std::fabs(want)) + 4 * r.absolute * epsilon;
    return std::fabs(got - want) <= (2 * r.ulp + 4) * static_cast<double>(spacing(t, want)) + 2 * r.absolute * epsilon;
}

template <part Part, int First, int Last, dtype T, int Cases = 100, int Order = 1>
void try_rows() {
    using P = table_program<Part, First, Last, T, Cases, Order>;
    if constexpr (P::sig.outputs > 0) {
        static constexpr const table_layout& at = P::layout;
        basic_function<P> f;
        auto check = [&](const char* what, i64 n, std::function<long double(int, i64)> draw, bool gradients) {
            settings s;
            s.draw = draw;
            int told = -1;
            s.accepts = [&](int k, double got, double want) {
                const output_row& o = at.output[k];
                if (o.gradient && !gradients) return true;
                const bool good = near_enough(rows[o.row], T, o.gradient, got, want);
                if (!good && k != std::exchange(told, k))
                    UNSCOPED_INFO(what << (o.gradient ? " gradient of " : " ") << rows[o.row].name << " " << rows[o.row].variant << " case " << o.which);
                return good;
            };
            if (Part == part::general) compare(f, {}, s);
            else compare(f, {{"n", n}}, s);
        };
        source random(11);
        auto drawn = [&](int k, i64) { return random.element(rows[at.input[k].row].in[at.input[k].operand], T); };
        if constexpr (Part == part::general) {
            for (int k = 0; k < 5; ++k) check("random", 0, drawn, true);
            std::vector<std::vector<real>> special;
            for (int k = 0; k < at.n_inputs; ++k) special.push_back(special_values(rows[at.input[k].row], rows[at.input[k].row].dtype_of_operand(at.input[k].operand, T)));
            for (unsigned k = 0; k < 12; ++k)
                check("special", 0, [&](int j, i64 i) -> long double {
                    const from& f0 = rows[at.input[j].row].in[at.input[j].operand];
                    return f0.element != dtype::none || i % 3 ? random.element(f0, T) : special[static_cast<std::size_t>(j)][k % special[static_cast<std::size_t>(j)].size()];
                }, false);
        } else {
            for (const i64 n : {0, 1, 7, 133}) check("random", n, drawn, true);
            if constexpr (Part == part::elementwise) {   // every combination of special values
                std::vector<std::vector<real>> special;
                std::vector<std::size_t> period;
                for (int k = 0; k < at.n_inputs; ++k) {
                    const input_row& in = at.input[k];
                    period.push_back(in.operand == 0 ? 1 : period.back() * special.back().size());
                    special.push_back(special_values(rows[in.row], rows[in.row].dtype_of_operand(in.operand, T)));
                }
                check("special", 4001, [&](int j, i64 i) {
                    const auto& v = special[static_cast<std::size_t>(j)];
                    return v[static_cast<std::size_t>(i) / period[static_cast<std::size_t>(j)] % v.size()];
                }, false);
            }
        }
    }
}

}  // namespace kiln::testing

// Plans that are so small that looking up what to call would cost more than the kernels: their kernels become a part of the
// function that calls them, with all sizes as constants and the arena on the stack. Scalar functions are straight-line code.
#pragma once
#include <kiln/backend/cpu/execute.hpp>

namespace kiln::cpu {

template <class L, class Arch>
struct small_plan {
    static constexpr auto& plan = L::result;
    static constexpr i64 most_calls = 8, most_bytes = 4096, most_work = 4096, least_interleaved = 4 * vector_bytes<Arch>;

    static constexpr i64 number(int size) { return plan.size[size].number; }
    struct layout {
        i64 offset[plan.n_slots + 1];
        i64 bytes;
    };
    static constexpr layout arena = [] {   // as workspace::resolve lays it out
        layout r{};
        for (int k = 0; k < plan.n_slots; ++k) {
            const plan_slot& s = plan.slot[k];
            const i64 bytes = s.scratch() ? scratch_bytes(s, number, vector_bytes<Arch>) : number(s.count) * s.bytes;
            r.offset[k] = r.bytes;
            r.bytes += bytes_in_arena(bytes);
        }
        return r;
    }();
    static constexpr key_header header_of(int c) { return unpacked(plan.words[plan.kernel[plan.call[c].kernel].at]); }
    /// The extents of call c, and the inner one of a contraction: their product.
    static constexpr i64 work(int c) {
        const key_header h = header_of(c);
        i64 r = 1;
        for (int k = 0; k < h.axes + (h.kind == group_kind::contraction); ++k) r *= number(plan.call_size[plan.call[c].first_size + k]);
        return r;
    }
    static constexpr bool fits = [] {
        if (plan.n_names > 0 || plan.n_numbers > 0 || plan.n_calls > most_calls) return false;
        for (int k = 0; k < plan.n_sizes; ++k)
            if (!plan.size[k].fixed()) return false;
        if (arena.bytes > most_bytes) return false;
        for (int c = 0; c < plan.n_calls; ++c)
            if (header_of(c).kind == group_kind::opaque || work(c) > most_work) return false;
        return true;
    }();

    template <int C, class I = std::make_integer_sequence<int, plan.call[C].n_sizes>>
    struct sizes;
    template <int C, int... I>
    struct sizes<C, std::integer_sequence<int, I...>> {
        static constexpr i64 at[sizeof...(I) + 1]{number(plan.call_size[plan.call[C].first_size + I])..., 0};
    };
    template <plan_argument X>
    static KILN_INLINE char* address(char* const* leaves, char* const* outputs, char* bytes) {
        if constexpr (comes_with_call<X>) return given<X>(leaves, outputs);
        else if constexpr (X.index < 0) return nullptr;
        else return bytes + arena.offset[X.index];
    }
    template <int Guard>
    static KILN_INLINE bool taken(char* const* leaves, char* const* outputs, char* bytes) {
        constexpr plan_guard g = plan.guard[Guard];
        if constexpr (g.parent != 0)
            if (!taken<g.parent>(leaves, outputs, bytes)) return false;
        return (*address<g.predicate>(leaves, outputs, bytes) != 0) == g.wanted;
    }
    /// Is something read elsewhere in a nest, so that columns at the ends of a row have nothing there?
    static constexpr bool has_edges(int c) {
        const plan_kernel k = plan.kernel[plan.call[c].kernel];
        const key_view v{plan.words + k.at, k.n};
        for (int i = 0; i < v.n_nodes(); ++i) {
            const key_node x = v.node(i);
            if (header_of(c).kind == group_kind::nest && x.kind == step::load && x.section && (x.op >> (header_of(c).axes - 1) & 1)) return true;
        }
        return false;
    }
    /// One number a value needs no more than the narrowest vector. Where vectors of 64 bytes take two steps, a few columns with edges need none: most
    /// of their vectors are masked, and there are fewer lanes to fold (Rosenbrock's function and gradient of 10 doubles 6.7 to 5.0 ns; of 33 it is
    /// the same). Where they take one, such vectors are a sixth faster.
    static constexpr int width_of(int c) {
        constexpr int widest = vector_bytes<Arch>;
        const key_header h = header_of(c);
        const i64 columns = h.axes > 0 ? number(plan.call_size[plan.call[c].first_size + h.axes - 1]) : 1;
        return work(c) == 1 ? 16 : widest == 64 && halves_64_bytes && columns * h.lane_bytes <= 3 * widest && has_edges(c) ? 32 : widest;
    }
    template <int C>
    using kernel_of_call = kernel_of_width<typename known_key<words_at<L, plan.call[C].kernel>>::type, width_of(C)>;

    template <int C, int... I>
    static KILN_INLINE void call(std::integer_sequence<int, I...>, char* const* leaves, char* const* outputs, char* bytes) {
        constexpr plan_call c = plan.call[C];
        if constexpr (c.guard != 0)
            if (!taken<c.guard>(leaves, outputs, bytes)) return;
        char* const a[sizeof...(I) + 1]{address<plan.argument[c.first_argument + I]>(leaves, outputs, bytes)..., nullptr};
        kernel_of_call<C>::run(a, sizes<C>::at, 0, 1);
    }
    template <int... C>
    static KILN_INLINE void calls(std::integer_sequence<int, C...>, char* const* leaves, char* const* outputs, char* bytes) {
        (call<C>(std::make_integer_sequence<int, plan.call[C].n_arguments>{}, leaves, outputs, bytes), ...);
    }
    /// So short that every place that calls it has its own copy, which need not put into memory where its arguments are: a net 8-32-32-4 took
    /// 83 or 102 ns, by where the stack happened to lie.
    static constexpr bool in_place = [] {
        int words = 0;
        for (int c = 0; c < plan.n_calls; ++c) words += plan.kernel[plan.call[c].kernel].n;
        return plan.n_calls <= 4 && words <= 256;
    }();
    static KILN_INLINE void run(char* const* leaves, char* const* outputs) {
        if constexpr (has_interleaved(std::make_integer_sequence<int, plan.n_calls>{})) run_interleaved(leaves, outputs);
        else if constexpr (in_place) run_all(leaves, outputs);
        else run_apart(leaves, outputs);
    }

private:
    static KILN_INLINE void run_all(char* const* leaves, char* const* outputs) {
        alignas(64) char bytes[arena.bytes + 1];
        calls(std::make_integer_sequence<int, plan.n_calls>{}, leaves, outputs, bytes);
    }
    [[gnu::noinline]] static void run_apart(char* const* leaves, char* const* outputs) { run_all(leaves, outputs); }
    template <int... C>
    static constexpr bool has_interleaved(std::integer_sequence<int, C...>) { return ((work(C) >= least_interleaved && kernel_of_call<C>::interleaved) || ...); }
    [[gnu::noinline]] KILN_INTERLEAVED static void run_interleaved(char* const* leaves, char* const* outputs) { run_all(leaves, outputs); }
};

}  // namespace kiln::cpu

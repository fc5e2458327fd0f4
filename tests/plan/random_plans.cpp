// Random programs through simplify, legalise, fuse, gather, schedule and write at run time. The plan is run by a slow
// evaluator of keys that shares nothing with the kernels, bit for bit against the reference interpreter, in memory that
// knows what it holds: which node wrote a slot, and whether it is the one that a call is to read.
#include "passes/random_graphs.hpp"

#include <kiln/plan/plan.hpp>

#include <catch2/catch.hpp>

#include <map>

namespace kiln::testing {
namespace {

constexpr int n_programs = sanitized ? 2000 : 10000;

using std::size_t;
constexpr size_t at(i64 k) { return static_cast<size_t>(k); }

// ---- a program: outputs, updates, inputs
struct program_graph {
    rooted g;   // roots: [outputs, new values, variables, inputs]
    signature sig{};
};

/// What a variable becomes.
value new_value(random_graph& r, const std::vector<value>& variables, value v) {
    chooser& choose = r.choices();
    const bool number = v.element() != dtype::boolean;
    std::vector<value> alike;
    for (const value w : variables)
        if (type_of(w) == type_of(v)) alike.push_back(w);
    switch (choose.below(7)) {
    case 0: return choose.of(alike);
    case 1: return number ? v + r.another(v) : r.another(v);
    case 2: return v.rank() == 2 && v.extent(0) == v.extent(1) ? transpose_by(v, ints(1, 0)) : r.another(v);
    case 3: {   // the sum of all spread over it
        if (!is_floating(v.element()) || v.rank() == 0) return r.another(v);
        return expand(sum_over(v, every_axis(v)), every_axis(v), shape_list(v)) * 0.25 + choose.of(alike);
    }
    case 4: return is_floating(v.element()) && v.rank() > 0 ? softmax(v) - 0.5 * choose.of(alike) : r.another(v);
    case 5: return v.rank() == 2 && v.extent(0) == v.extent(1) && is_floating(v.element()) ? matmul(v, tanh(choose.of(alike))) : r.another(v);
    default: return r.another(v);
    }
}

void generate(u64 s, int k, program_graph& p) {
    scratch b;
    graph_settings set;
    set.nodes = 5 + static_cast<int>(scattered(23, static_cast<u64>(k)) % 111);   // half of them end up in the graph
    set.bodies = k % 3 != 2;
    set.narrow = k % 4 != 0;
    set.variables = k % 2 ? 90 : 30;
    set.named = k % 3 ? 30 : 10;
    random_graph r(*b, s, set);
    chooser& choose = r.choices();
    std::vector<value> variables, fresh, roots = r.roots, assigned;
    for (int i = 0, n = b->n; i < n; ++i)
        if (b->nodes[i].op == &variable_op) {
            variables.push_back({&*b, i});
            if (choose.chance(25)) {   // another one of its type
                const std::string name = "w" + std::to_string(i);
                variables.push_back(variable_of(*b, name.c_str(), type_of(variables.back()), b->literal(type_of(variables.back()), 0)));
            }
        }
    if (choose.chance(25)) {   // a step of gradient descent
        value x[64], dx[64], y{}, one{};
        int n = 0;
        for (const value v : variables)
            if (is_floating(v.element()) && n < 64) x[n++] = v;
        for (const value v : roots)
            if (is_floating(v.element())) y = sum_over(v, every_axis(v));
        if (n && !y.zero()) {
            one = ones_like(y);
            reverse(*b, &y, &one, 1, x, n, dx);
            for (int j = 0; j < n; ++j)
                if (!dx[j].zero()) {
                    assigned.push_back(x[j]);
                    fresh.push_back(x[j] - 0.1 * dx[j]);
                }
            if (choose.chance(50)) roots = {y};
        }
    } else
        for (const value v : variables)
            if (choose.chance(60)) {
                assigned.push_back(v);
                fresh.push_back(new_value(r, variables, v));
            }
    REQUIRE(std::string(b->found.what.s) + " " + b->found.left.s + " " + b->found.right.s == "  ");
    if (choose.chance(20) && !fresh.empty()) roots.clear();
    p.sig.outputs = static_cast<int>(roots.size());
    p.sig.updates = static_cast<int>(fresh.size());
    roots.insert(roots.end(), fresh.begin(), fresh.end());
    roots.insert(roots.end(), assigned.begin(), assigned.end());
    rooted first;
    make_canonical(*b, roots, first);
    std::vector<int> ids = ids_of(first.values());
    for (int i = 0; i < first.b().n; ++i)
        if (first.b().nodes[i].op == &placeholder_op) ids.push_back(i);
    p.sig.inputs = static_cast<int>(ids.size()) - p.sig.results() - p.sig.updates;
    p.g.settle(first.view(), ids);
}

// ---- lowering at run time: the tables are larger than the graph
constexpr int room = 1024, room_for_lists = 8192;
using fuser_t = fuser<room, room_for_lists>;
using gatherer_t = gatherer<room, room_for_lists>;
using bodies_t = decltype(gatherer_t::b);
using prologues_t = prologue_finder<room, room_for_lists, bodies_t>;
using scheduler_t = scheduler<room, room_for_lists, bodies_t>;
using writer_t = plan_writer<room, room_for_lists, bodies_t>;

struct lowering {
    rooted legal;
    signature sig;
    std::unique_ptr<fuser_t> fused;
    std::unique_ptr<gatherer_t> bodies;
    std::unique_ptr<prologues_t> maps;
    std::unique_ptr<scheduler_t> scheduled;
    std::unique_ptr<writer_t> plan;
    int rounds = 0;
    bool fits = false;

    /// Fused, or with every result in memory.
    explicit lowering(program_graph& p, plan_target target, bool fuse = true) : sig(p.sig) {
        {
            scratch b;
            std::vector<value> out(at(p.g.view().n_roots()));
            simplify(p.g.view(), *b, out.data());
            rooted simple;
            make_canonical(*b, out, simple);
            open_bodies(simple, sig, legal);
        }
        const graph_view g = legal.view();
        fits = g.n < room && g.n_lists < room_for_lists;
        if (!fits) return;
        bool pinned[room]{};
        for (int i = 0; i < g.n && !fuse; ++i) {
            const pattern kind = g.nodes[i].op->kind;
            pinned[i] = kind == pattern::pointwise || kind == pattern::reduction;
        }
        for (;; ++rounds) {
            REQUIRE(rounds < 200);
            fused.reset(new fuser_t{g, {}, {}, -1, !fuse});
            int roots[max_roots];
            for (int k = 0; k < sig.results(); ++k) roots[k] = g.root(k);
            fused->run(roots, sig.results(), pinned);
            bodies.reset(new gatherer_t{*fused, {}, {}, 0, {}});
            bodies->run();
            REQUIRE(bodies->b.n <= 3 * g.n + 64);
            if (bodies->b.bad < 0) break;
            for (int i = 0; i < g.n; ++i) pinned[i] = fused->f.pinned[i];
            REQUIRE_FALSE(pinned[bodies->b.bad]);   // else it would go on for ever
            pinned[bodies->b.bad] = true;
        }
        maps.reset(new prologues_t(*fused, bodies->b, target));
        maps->run();
        scheduled.reset(new scheduler_t(*fused, bodies->b, maps->r, sig));
        scheduled->run();
        plan.reset(new writer_t(g, sig, target, *fused, bodies->b, maps->r, scheduled->r));
        plan->run();
    }
    long prologues() const {
        long n = 0;
        for (int q = 0; q < fused->f.n; ++q) n += maps->r.inside[q] != 0;
        return n;
    }
    long pools() const {
        long n = 0;
        for (int q = 0; q < fused->f.n; ++q) n += maps->r.within[q][2] != 0;
        return n;
    }
};

// ---- typed memory
cell read_cell(dtype t, const unsigned char* p) {
    auto as = [p](auto x) {
        std::memcpy(&x, p, sizeof x);
        return x;
    };
    switch (t) {
    case dtype::boolean: case dtype::uint8: return {0, as(std::uint8_t{})};
    case dtype::int8: return {0, as(std::int8_t{})};
    case dtype::int16: return {0, as(std::int16_t{})};
    case dtype::int32: return {0, as(std::int32_t{})};
    case dtype::uint16: return {0, as(std::uint16_t{})};
    case dtype::uint32: return {0, as(std::uint32_t{})};
    case dtype::float32: return {as(float{}), 0};
    case dtype::float64: return {as(double{}), 0};
    default: return {0, as(i64{})};
    }
}
void write_cell(dtype t, unsigned char* p, const cell& c) {
    auto as = [p](auto x) { std::memcpy(p, &x, sizeof x); };
    if (t == dtype::float32) as(static_cast<float>(c.f));
    else if (t == dtype::float64) as(c.f);
    else std::memcpy(p, &c.i, at(size_of(t)));   // little endian
}

/// A piece of memory: its bytes, which of them are written, and the node whose value it holds.
struct piece {
    std::vector<unsigned char> bytes;
    std::vector<char> known;
    int holds = -1, stores = 0;
    void resize(i64 n) {
        bytes.assign(at(n), 0xA5);
        known.assign(at(n), 0);
    }
};

struct array_over {   // values over the axes in `mask`, row-major
    int mask = 0;
    dtype type{};
    std::vector<cell> v;
};

class plan_run {
public:
    std::string wrong;   // the first thing that is wrong

    plan_run(lowering& lowered, runnable& fed, extents_of_names e) : l(lowered), w(*lowered.plan), g(lowered.legal.view()) {
        for (int k = 0; k < w.sizes.n_names; ++k) names.push_back((g.chars[w.sizes.names[k]] == 'n' ? e.n : e.m) + name_and_number_of(g.chars + w.sizes.names[k]).number);
        for (int i = 0; i < g.n; ++i) {
            operations[g.nodes[i].op->id] = g.nodes[i].op;
            arity[g.nodes[i].op->id] = g.nodes[i].n_in;
        }
        operations[info<fma_op>.id] = &info<fma_op>;
        operations[info<fms_op>.id] = &info<fms_op>;
        operations[info<fnma_op>.id] = &info<fnma_op>;
        operations[info<copy_op>.id] = &info<copy_op>;
        arity[info<fma_op>.id] = arity[info<fms_op>.id] = arity[info<fnma_op>.id] = 3;
        arity[info<copy_op>.id] = 1;
        for (int k = 0; k < w.pool.n; ++k) {
            const plan_slot& s = w.pool.slots[k];
            slots.emplace_back();
            slots.back().resize(s.scratch() ? scratch_bytes(s, [&](int size) { return value(size); }, plan_target{}.vector_bytes)
                                            : value(s.count) * s.bytes);
        }
        for (int k = 0; k < l.sig.outputs; ++k) {
            const node& x = g.nodes[g.root(k)];
            outputs.emplace_back();
            outputs.back().resize(count_of(x.shape) * size_of(x.type));
        }
        for (int k = 0; k < w.n_leaves; ++k) {
            const int id = w.leaves[k].node;
            const node& x = g.nodes[id];
            leaves.emplace_back();
            piece& p = leaves.back();
            const i64 n = count_of(x.shape);
            p.resize(n * size_of(x.type));
            p.holds = id;
            p.known.assign(p.known.size(), 1);
            const std::vector<cell> c = x.op == &seed_op ? std::vector<cell>{cell{0, 20240229}}
                                                        : elements_of_leaf(g.text_of(g.at(x.attrs, 0)), x.type, n, fed.seed_of_leaves());
            for (i64 i = 0; i < n; ++i) write_cell(x.type, p.bytes.data() + i * size_of(x.type), c[at(i)]);
        }
        check_room();
        for (int c = 0; c < w.n_calls && wrong.empty(); ++c) {
            current = c;
            run(w.calls[c]);
        }
        for (int k = 0; k < l.sig.outputs && wrong.empty(); ++k)
            if (outputs[at(k)].stores != 1) fail("output " + std::to_string(k) + " is stored " + std::to_string(outputs[at(k)].stores) + " times");
    }
    /// Outputs, then the variables that are assigned.
    tensors results() {
        tensors r;
        for (int k = 0; k < l.sig.results(); ++k) {
            const node& x = g.nodes[g.root(k)];
            piece* p = k < l.sig.outputs ? &outputs[at(k)] : &leaves[at(w.leaf_of[g.root(l.sig.updates + k)] - 1)];
            r.emplace_back();
            for (i64 i = 0, n = count_of(x.shape); i < n; ++i) r.back().push_back(read_cell(x.type, p->bytes.data() + i * size_of(x.type)));
        }
        return r;
    }

private:
    void fail(const std::string& what) {
        if (wrong.empty()) wrong = "call " + std::to_string(current) + ": " + what;
    }
    i64 value(int size) const {
        const size_expr& e = w.sizes.sizes[size];
        i64 r = e.number;
        for (int k = 0; k < e.n; ++k) r *= names[at(e.name[k])];
        return r;
    }
    i64 count_of(int shape) {
        size_expr e = w.sizes.count(g, shape);
        i64 r = e.number;
        for (int k = 0; k < e.n; ++k) r *= e.name[k] < static_cast<int>(names.size()) ? names[at(e.name[k])] : 0;
        return r;
    }
    /// The tables of a writer for exactly this graph would have been large enough.
    void check_room() {
        const int n = g.n;
        current = -1;
        int longest = 0;
        for (int k = 0; k < w.n_kernels; ++k) longest = std::max(longest, w.kernels[k].n);
        if (w.n_words + longest > 8 * n + 128) fail("too many words: " + std::to_string(w.n_words) + " for " + std::to_string(n) + " nodes");
        if (w.n_arguments > 6 * n + 64) fail("too many arguments");
        if (w.n_call_sizes > 3 * (6 * n + 64)) fail("too many sizes of calls");
        if (w.n_kernels > n + 1 || w.n_calls > n + 1 || w.pool.n > n + 1 || w.n_leaves > n + 1) fail("too many kernels, calls, slots or leaves");
        if (w.sizes.n > 256 || w.sizes.n_names > 64 || w.n_numbers > 32 || w.f().n_branches > 63) fail("too many sizes, names, numbers or branches");
    }

    piece* place(const plan_argument& a) {
        switch (a.where) {
        case space::leaf: return &leaves[at(a.index)];
        case space::output: return &outputs[at(a.index)];
        case space::buffer: return a.index < 0 ? nullptr : &slots[at(a.index)];
        default: return nullptr;
        }
    }
    piece number_piece;
    /// What an argument reads: the right node's value?
    piece* reading(const plan_argument& a, int node) {
        if (a.where == space::number) {
            const plan_number& n = w.numbers[a.index];
            number_piece.resize(8);
            number_piece.known.assign(8, 1);
            const i64 v = value(n.size);
            write_cell(n.type, number_piece.bytes.data(), is_floating(n.type) ? cell{static_cast<double>(v), 0} : cell{0, arithmetic::wrap(n.type, v)});
            return &number_piece;
        }
        piece* p = place(a);
        if (!p) {
            fail("a load has no place");
            return nullptr;
        }
        if (p->holds != node) fail("loads node " + std::to_string(node) + " where node " + std::to_string(p->holds) + " lies");
        return p;
    }
    cell load(const piece& p, dtype t, i64 i) {
        const i64 size = size_of(t), from = i * size;
        if (from < 0 || from + size > static_cast<i64>(p.bytes.size())) {
            fail("reads element " + std::to_string(i) + " beyond the end");
            return {};
        }
        for (i64 k = 0; k < size; ++k)
            if (!p.known[at(from + k)]) {
                fail("reads element " + std::to_string(i) + " that was never written");
                return {};
            }
        return read_cell(t, p.bytes.data() + from);
    }
    void store(piece& p, dtype t, i64 i, const cell& c) {
        const i64 size = size_of(t), from = i * size;
        if (from < 0 || from + size > static_cast<i64>(p.bytes.size())) return fail("writes element " + std::to_string(i) + " beyond the end");
        write_cell(t, p.bytes.data() + from, c);
        std::fill_n(p.known.begin() + from, size, char{1});
    }

    bool taken(int guard) {
        const plan_guard& q = w.guards[guard];
        if (q.parent && !taken(q.parent)) return false;
        const int predicate = w.fz.f.home[at(w.f().branches[guard].predicate)];
        piece* p = reading(q.predicate, predicate);
        return p && (load(*p, dtype::boolean, 0).i != 0) == q.wanted;
    }

    // ---- one operation on whole arrays, by its own reference
    std::vector<cell> apply(const op_info& op, dtype t, const std::vector<const std::vector<cell>*>& in, const std::vector<dtype>& types, i64 count) {
        builder& b = *calculator;
        const i64 shape[1]{count};
        const int s = b.intern(shape, 1);
        for (size_t k = 0; k < in.size(); ++k) b.nodes[k] = {&hole_op, 0, {-1, -1, -1}, s, types[k], 0};
        b.nodes[3] = {&op, static_cast<int>(in.size()), {0, 1, 2}, s, t, 0};
        std::vector<cell> r(at(std::max<i64>(count, 1)));
        const cell* p[3]{};
        for (size_t k = 0; k < in.size(); ++k) p[k] = in[k]->data();
        cell* out[1]{r.data()};
        op.reference({&b, 3}, p, out);
        return r;
    }
    std::vector<cell> reduce(const op_info& op, dtype t, const std::vector<cell>& in, i64 outer, i64 folded) {
        builder& b = *calculator;
        b.nodes[0] = {&hole_op, 0, {-1, -1, -1}, b.intern(ints(outer, folded)), t, 0};
        b.nodes[3] = {&op, 1, {0, -1, -1}, b.intern(ints(outer)), t, b.intern(ints(-1))};
        std::vector<cell> r(at(std::max<i64>(outer, 1)));
        const cell* p[1]{in.data()};
        cell* out[1]{r.data()};
        op.reference({&b, 3}, p, out);
        return r;
    }

    // ---- indices over the merged axes
    i64 extent[8]{};
    int axes = 0;
    i64 cells_over(int mask) const {
        i64 r = 1;
        for (int a = 0; a < axes; ++a)
            if (mask >> a & 1) r *= extent[a];
        return r;
    }
    void index_of(int mask, i64 i, i64* x) const {
        for (int a = axes - 1; a >= 0; --a) {
            x[a] = 0;
            if (!(mask >> a & 1)) continue;
            x[a] = i % extent[a];
            i /= extent[a];
        }
    }
    i64 position(int mask, const i64* x) const {
        i64 r = 0;
        for (int a = 0; a < axes; ++a)
            if (mask >> a & 1) r = r * extent[a] + x[a];
        return r;
    }
    std::vector<cell> spread_over(const array_over& x, int mask) {
        if (x.mask & ~mask) fail("an operand depends on axes that its reader does not have");
        std::vector<cell> r(at(std::max<i64>(cells_over(mask), 1)));
        i64 at_axis[8];
        for (i64 i = 0, n = cells_over(mask); i < n; ++i) {
            index_of(mask, i, at_axis);
            r[at(i)] = x.v[at(position(x.mask, at_axis))];
        }
        return r;
    }

    void run(const plan_call& call) {
        if (call.guard && !taken(call.guard)) return;
        const u64* words = w.words + w.kernels[call.kernel].at;
        const key_view key{words, w.kernels[call.kernel].n};
        const key_header h = key.header();
        const plan_argument* a = w.arguments + call.first_argument;
        int n_arguments = h.slots;
        for (int k = 0; k < most_within; ++k)
            if (h.has_within(k)) n_arguments += key_within_of(key.w, key.n, k).in(key.w).header().slots;
        if (n_arguments != call.n_arguments) return fail("the key has another number of arguments");
        if (h.kind == group_kind::opaque) return run_opaque(call, key, a);

        // what each argument is
        std::vector<int> loads, stores;
        int contracted[2]{-1, -1};
        const bool con = h.kind == group_kind::contraction;
        if (call.group < 0) {   // the copy of a new value
            loads = {-1};
            for (int k = 0; k < l.sig.updates; ++k)
                if (a[2] == plan_argument{space::leaf, w.leaf_of[g.root(l.sig.results() + k)] - 1}) loads[0] = g.root(l.sig.outputs + k);
            stores = {loads[0]};
        } else {
            const auto& b = l.bodies->b;
            loads = loads_of(call.group);
            for (int o = b.stored_head[call.group]; o; o = b.stored_next[o - 1]) stores.push_back(o - 1);
            if (con)
                for (int k = 0; k < 2; ++k) contracted[k] = w.fz.f.home[at(w.fz.contraction_access(b.groups[call.group].anchor, k).node)];
        }
        const int* size = w.call_sizes + call.first_size;
        take_extents(key, size);
        if (call.n_sizes > 1023) fail("strides begin beyond 10 bits");

        // scratch is nobody's
        const int scratch_slot = con ? 2 : 0;
        for (int k = 0; k < h.slots; ++k)
            if (k != scratch_slot && a[scratch_slot].index >= 0 && a[k] == a[scratch_slot]) fail("scratch is an operand or a result");
        check_scratch(key, a[scratch_slot], con ? value(size[axes]) : 0);

        size_t n_store = 0;
        evaluate(key, size, a, loads, [&](const key_node& x) {
            array_over r{x.mask, x.type, {}};
            if (con) r = tile(call, key, a, contracted, x.type);
            else fail("a tile outside of a contraction");
            return r;
        }, [&](int i, const array_over& v) {
            const key_node x = key.node(i);
            const i64 n = cells_over(x.mask);
            if (n_store == stores.size()) return fail("more stores than the group has");
            const int node = stores[n_store++];
            if (g.nodes[node].type != x.type || count_of(g.nodes[node].shape) != n) fail("a store of another size than node " + std::to_string(node));
            if (h.pools) return pooled(call, key, a, x, node, v);
            check_in_place(key, a, i);
            piece* p = place(a[x.slot]);
            if (!p) return fail("a store has no place");
            for (i64 q = 0; q < n; ++q) store(*p, x.type, q, v.v[at(q)]);
            pending.push_back({p, node});
        });
        if (!wrong.empty()) return;
        if (n_store != stores.size()) fail("fewer stores than the group has");
        finish(call, a, scratch_slot);
    }
    std::vector<int> loads_of(int group) const {
        std::vector<int> r;
        const auto& b = l.bodies->b;
        for (int e = b.first[group]; e < b.first[group + 1]; ++e)
            if (b.entry[e].kind == step::load) r.push_back(w.fz.f.home[at(b.entry[e].node)]);
        return r;
    }
    void take_extents(const key_view& key, const int* size) {
        axes = key.header().axes;
        for (int k = 0; k < axes; ++k) {
            extent[k] = value(size[k]);
            if (key.extent(k) && key.extent(k) != extent[k]) fail("an extent of the key is another at the call");
        }
    }
    /// The body of a key over the extents that were taken; `tile` gives the sums of a contraction, `keep` takes what node i stores.
    template <class Tile, class Keep>
    void evaluate(const key_view& key, const int* size, const plan_argument* a, const std::vector<int>& loads, Tile tile_sums, Keep keep) {
        std::vector<array_over> body;
        size_t n_load = 0;
        const int full = (1 << axes) - 1;
        for (int i = 0; i < key.n_nodes(); ++i) {
            const key_node x = key.node(i);
            array_over r{x.mask, x.type, {}};
            const i64 n = cells_over(x.mask);
            if (x.mask & ~full) return fail("a mask has axes that the nest has not");
            i64 index[8];
            if (x.kind != step::load && x.kind != step::constant && x.kind != step::counter && x.kind != step::tile)
                for (int k = 0; k < 3; ++k)
                    if (x.in[k] >= i) return fail("a body reads a later node");
            switch (x.kind) {
            case step::load: {
                if (n_load == loads.size()) return fail("more loads than the group has");
                piece* p = reading(a[x.slot], loads[n_load++]);
                if (!p) return;
                r.v.resize(at(std::max<i64>(n, 1)));
                for (i64 q = 0; q < n; ++q) {
                    i64 from = q;
                    bool there = true;
                    if (x.strided || x.section) {
                        index_of(x.mask, q, index);
                        from = 0;
                        for (int c = 0; c < axes; ++c) {
                            if (!(x.mask >> c & 1)) continue;
                            if (x.section) {
                                index[c] += value(size[x.in[1] + c]);
                                if (x.op >> c & 1) there = there && index[c] >= 0 && index[c] < value(size[x.in[1] + axes + c]);
                            }
                            from += index[c] * value(size[x.in[0] + c]);
                        }
                    }
                    if (!there) continue;
                    r.v[at(q)] = load(*p, x.type, from);
                }
                break;
            }
            case step::constant: {
                const u64 bits = key.constant(x.slot);
                r.v = {is_floating(x.type) ? cell{double_of(static_cast<i64>(bits)), 0} : cell{0, static_cast<i64>(bits)}};
                if (x.mask) fail("a constant has axes");
                break;
            }
            case step::counter:
                if (x.mask != 1 << x.slot) fail("a counter does not follow one axis");
                r.v.resize(at(std::max<i64>(n, 1)));
                if (x.type == dtype::boolean) {
                    for (i64 q = 0; q < n; ++q) {
                        const i64 p = q + value(size[x.in[0] + 2]);
                        r.v[at(q)] = {0, p >= value(size[x.in[0]]) && p < value(size[x.in[0] + 1])};
                    }
                    break;
                }
                for (i64 q = 0; q < n; ++q)
                    r.v[at(q)] = is_floating(x.type) ? cell{arithmetic::round_to(x.type, static_cast<double>(q)), 0} : cell{0, arithmetic::wrap(x.type, q)};
                break;
            case step::tile: r = tile_sums(x); break;
            case step::widen: r.v = spread_over(body[at(x.in[0])], x.mask); break;
            case step::store: {
                const array_over& v = body[at(x.in[0])];
                if (v.mask != x.mask || v.type != x.type) fail("a store of another mask or dtype");
                else keep(i, v);
                break;
            }
            case step::reduce: {
                const array_over& v = body[at(x.in[0])];
                if (x.mask & ~v.mask || v.type != x.type) return fail("a reduction gains axes, or changes its dtype");
                const int gone = v.mask & ~x.mask;
                const i64 folded = cells_over(gone);
                std::vector<cell> in(at(std::max<i64>(n * folded, 1)));
                i64 other[8];
                for (i64 q = 0; q < n; ++q)
                    for (i64 f = 0; f < folded; ++f) {
                        index_of(x.mask, q, index);
                        index_of(gone, f, other);
                        for (int c = 0; c < axes; ++c) index[c] += other[c];
                        in[at(q * folded + f)] = v.v[at(position(v.mask, index))];
                    }
                r.v = reduce(*operations.at(key.op(x.op)), x.type, in, n, folded);
                break;
            }
            case step::operation: {
                const u64 id = key.op(x.op);
                const size_t m = at(arity.at(id));
                std::vector<std::vector<cell>> in(m);
                std::vector<const std::vector<cell>*> p;
                std::vector<dtype> types;
                for (size_t k = 0; k < m; ++k) {
                    in[k] = spread_over(body[at(x.in[k])], x.mask);
                    p.push_back(&in[k]);
                    types.push_back(body[at(x.in[k])].type);
                }
                const op_info* op = operations.at(id);
                if (op == &info<fma_op> || op == &info<fms_op> || op == &info<fnma_op>) {   // with two roundings, as the reference
                    const std::vector<cell> product = apply(info<multiply_op>, x.type, {p[0], p[1]}, types, n);
                    if (op == &info<fnma_op>) r.v = apply(info<subtract_op>, x.type, {p[2], &product}, types, n);
                    else r.v = apply(op == &info<fma_op> ? info<add_op> : info<subtract_op>, x.type, {&product, p[2]}, types, n);
                } else r.v = apply(*op, x.type, p, types, n);
            }
            }
            if (!wrong.empty()) return;
            body.push_back(std::move(r));
        }
        if (n_load != loads.size()) fail("fewer loads than the group has");
    }
    /// What a pool gives for what a contraction stores for it alone.
    void pooled(const plan_call& call, const key_view& key, const plan_argument* a, const key_node& x, int node, const array_over& v) {
        const key_within m = key_within_of(key.w, key.n, 2);
        const int group = l.maps->r.within[call.group][2] - 1;
        if (group < 0 || x.mask != (1 << axes) - 1) return fail("a pool that is none");
        const int anchor = l.bodies->b.groups[group].anchor;
        if (a[x.slot].index >= 0 || a[m.argument].index >= 0 || w.fz.f.home[at(g.nodes[anchor].in[0])] != node) fail("a pool of something else");
        const std::vector<std::vector<cell>> results = of_windows(g.nodes[anchor], m.in(key.w), w.call_sizes + call.first_size + m.size, {v.v});
        for (size_t k = 0; k < results.size(); ++k)
            keep_result(m.in(key.w), w.call_sizes + call.first_size + m.size, a[m.argument + 1 + static_cast<int>(k)], 1 + static_cast<int>(k),
                        anchor + (results.size() > 1 ? 1 + static_cast<int>(k) : 0), results[k]);
    }
    /// Result k of an opaque operation.
    void keep_result(const key_view& key, const int* size, const plan_argument& to, int k, int id, const std::vector<cell>& c) {
        piece* p = place(to);
        if (!p) return fail("a store has no place");
        for (i64 i = 0; i < value(size[2 * k]); ++i) store(*p, key.node(k).type, i, c[at(i)]);
        pending.push_back({p, id});
    }
    /// Results of an operation on windows; their geometry is in the key.
    std::vector<std::vector<cell>> of_windows(const node& x, const key_view& key, const int* size, std::vector<std::vector<cell>> c) {
        builder& b = *calculator;
        list attributes{};
        for (int k = 0; k < key.header().constants; ++k) attributes.put(static_cast<i64>(key.constant(k)));
        const int n_in = x.n_in;
        const cell* p[2]{};
        for (int k = 0; k < n_in; ++k) {
            b.nodes[k] = {&hole_op, 0, {-1, -1, -1}, b.intern(ints(value(size[2 * k]))), key.node(k).type, 0};
            p[k] = c[at(k)].data();
        }
        b.nodes[3] = {x.op, n_in, {0, n_in == 2 ? 1 : -1, -1}, b.intern(ints(value(size[2 * n_in]))), key.node(n_in).type, b.intern(attributes)};
        std::vector<std::vector<cell>> r(x.type == dtype::none ? 2 : 1, std::vector<cell>(at(value(size[2 * n_in]) + 1)));
        cell* o[2]{r[0].data(), r.back().data()};
        x.op->reference({&b, 3}, p, o);
        return r;
    }
    /// The operand of this side of a contraction, where an operation on windows computes it.
    std::vector<cell> computed_by_windows(const plan_call& call, const key_view& key, const plan_argument* a, int side) {
        const key_within m = key_within_of(key.w, key.n, side);
        const int group = l.maps->r.within[call.group][side] - 1;
        const node& x = g.nodes[l.bodies->b.groups[group].anchor];
        const int* size = w.call_sizes + call.first_size + m.size;
        std::vector<std::vector<cell>> in;
        for (int k = 0; k < x.n_in; ++k) in.push_back(operand_of(m.in(key.w), size, a[m.argument + k], k, w.fz.f.home[at(g.operand(x, k))]));
        return of_windows(x, m.in(key.w), size, in)[0];
    }
    /// Operand k of an opaque operation.
    std::vector<cell> operand_of(const key_view& key, const int* size, const plan_argument& from, int k, int id) {
        std::vector<cell> c(at(std::max<i64>(1, value(size[2 * k]))));
        if (const piece* p = reading(from, id))
            for (i64 i = 0; i < value(size[2 * k]) && wrong.empty(); ++i) c[at(i)] = load(*p, key.node(k).type, i);
        return c;
    }
    /// The operand of this side of a contraction, where a map computes it: over the axes of the contraction that it has, then its own two.
    array_over computed(const plan_call& call, const key_view& key, const plan_argument* a, int side) {
        const key_within m = key_within_of(key.w, key.n, side);
        const int map = l.maps->r.within[call.group][side] - 1, own_axes = axes;
        array_over r{};
        if (map < 0 || m.in(key.w).header().kind != group_kind::nest || a[m.argument].index >= 0) {
            fail("a prologue that is none");
            return r;
        }
        i64 own[8];
        std::copy_n(extent, 8, own);
        const int* size = w.call_sizes + call.first_size + m.size;
        take_extents(m.in(key.w), size);
        if (axes != own_axes || m.in(key.w).header().outer != key.header().outer || !m.in(key.w).header().has_rows) fail("a prologue over other axes");
        else evaluate(m.in(key.w), size, a + m.argument, loads_of(map), [&](const key_node& x) { return array_over{x.mask, x.type, {}}; },
                      [&](int, const array_over& v) { r = v; });
        if (r.mask != (1 << axes) - 1) fail("a prologue that depends on other axes");
        axes = own_axes;
        std::copy_n(own, 8, extent);
        return r;
    }
    std::vector<std::pair<piece*, int>> pending;   // stores of this call
    void finish(const plan_call&, const plan_argument* a, int scratch_slot) {
        for (size_t k = 0; k < pending.size(); ++k) {
            for (size_t j = 0; j < k; ++j)
                if (pending[j].first == pending[k].first) fail("two results in one place");
            pending[k].first->holds = pending[k].second;
            ++pending[k].first->stores;
        }
        pending.clear();
        if (scratch_slot >= 0 && a[scratch_slot].index >= 0) {
            piece* p = place(a[scratch_slot]);
            p->holds = -1;
            p->known.assign(p->known.size(), 0);
        }
    }
    /// A result over an operand: the same elements, and no later pass over the row reads them.
    void check_in_place(const key_view& key, const plan_argument* a, int i) {
        const key_node s = key.node(i);
        if (key.header().kind == group_kind::contraction && (a[0] == a[s.slot] || a[1] == a[s.slot])) return fail("a contraction over its own operand");
        for (int k = 0; k < i; ++k) {
            const key_node x = key.node(k);
            if (x.kind != step::load || !(a[x.slot] == a[s.slot])) continue;
            if (x.mask != s.mask || x.strided || x.section || size_of(x.type) != size_of(s.type)) fail("in place over other elements");
            const body_facts<2112>& f = facts_of(key);
            if (f.last_pass(k) > f.stage[s.in[0]]) fail("in place, and read again in a later pass");
        }
    }
    const body_facts<2112>& facts_of(const key_view& key) {
        body_facts<2112>& f = *facts;
        f.n = key.n_nodes();
        f.passes = f.n_scratch = 0;
        f.defer = f.in_registers = f.sections = false;
        f.contraction = key.header().kind == group_kind::contraction;
        f.column_bit = 1 << (axes - 1);
        f.row_bit = key.header().has_rows ? 1 << (axes - 2) : 0;
        for (int i = 0; i < f.n; ++i) {
            f.node[i] = key.node(i);
            f.costly[i] = f.node[i].kind == step::operation && operations.at(key.op(f.node[i].op))->costly;
        }
        f.derive();
        return f;
    }
    std::unique_ptr<body_facts<2112>> facts = std::make_unique<body_facts<2112>>();
    /// Long rows have a place for what they keep; the panels of a contraction too.
    void check_scratch(const key_view& key, const plan_argument& a, i64 inner) {
        const key_header h = key.header();
        const bool con = h.kind == group_kind::contraction, constant_row = key.extent(axes - 1) > 0 && (con || h.has_rows);
        i64 want = (constant_row ? 0 : facts_of(key).n_scratch) * scratch_row(extent[axes - 1]) * h.lane_bytes;
        if (con) {
            i64 bytes = 0;
            for (int k = 0; k < key.n_nodes(); ++k)
                if (key.node(k).kind == step::tile) bytes = size_of(key.node(k).type);
            const i64 m = extent[axes - 2], n = extent[axes - 1];
            const int vector = plan_target{}.vector_bytes;
            const packing copies = h.windows ? packing_of_windows(h.left, n, inner, bytes) : packing_with_maps(packing_of(h.left, h.right, m, n, inner, bytes, vector), h.computes[0], h.computes[1]);
            want += panels_of(copies, m, n, inner, bytes, vector).all();
        }
        if (want > 0 && (a.index < 0 || static_cast<i64>(slots[at(a.index)].bytes.size()) < want)) fail("too little scratch");
    }

    array_over tile(const plan_call& call, const key_view& key, const plan_argument* a, const int* operands, dtype t) {
        const key_header h = key.header();
        const int* size = w.call_sizes + call.first_size;
        const i64 inner = value(size[axes]), n0 = extent[axes - 2], n1 = extent[axes - 1];
        if (key.w[1 + axes] && static_cast<i64>(key.w[1 + axes]) != inner) fail("the inner extent of the key is another at the call");
        array_over r{(1 << axes) - 1, t, {}}, maps[2];
        const piece* lies[2]{};
        std::vector<cell> spread;   // a right operand that an operation on windows computes
        for (int side = 0; side < 2; ++side) {
            if (h.computes[side] && h.windows) spread = computed_by_windows(call, key, a, side);
            else if (h.computes[side]) maps[side] = computed(call, key, a, side);
            else if (!(lies[side] = reading(a[side], operands[side]))) return r;
        }
        if (!wrong.empty()) return r;
        const piece *x = lies[0], *y = lies[1];
        const bool strides = h.outer > 0 || h.left == by_strides || h.right == by_strides;
        auto stride = [&](int side, int c) { return strides ? value(size[axes + 1 + side * (axes + 1) + c]) : 0; };
        // where the left operand is an image behind windows: what each element of a matrix of windows is of it
        std::vector<i64> shown;
        i64 image = 0;
        if (h.windows) {
            const int first = first_of_geometry(key.w, key.n);
            const window_geometry seen = window_geometry::from([&](int k) { return static_cast<i64>(key.w[first + k]); });
            if (seen.kernel_first) fail("windows that a contraction cannot read");
            seen.each([&](i64, i64 from) {
                for (i64 c = 0; c < seen.inner; ++c) shown.push_back(from < 0 ? -1 : from * seen.inner + c);
            });
            image = seen.image() * seen.inner;
        }
        const auto where = [&](int side, i64 row, i64 column) {   // of an operand that lies in memory
            if (side == 0) return h.left == kiln::by_rows ? row * inner + column : h.left == by_columns ? row + column * n0 : row * stride(0, axes - 2) + column * stride(0, axes);
            return h.right == kiln::by_rows ? row * n1 + column : h.right == by_columns ? row + column * inner : row * stride(1, axes) + column * stride(1, axes - 1);
        };
        i64 index[8];
        for (i64 q = 0, n = cells_over(r.mask); q < n; ++q) {
            index_of(r.mask, q, index);
            i64 from_x = 0, from_y = 0;
            for (int c = 0; c < h.outer; ++c) {
                from_x += index[c] * stride(0, c);
                from_y += index[c] * stride(1, c);
            }
            const i64 i = index[axes - 2], j = index[axes - 1];
            std::vector<cell> left(at(std::max<i64>(inner, 1))), right = left;
            for (i64 k = 0; k < inner && wrong.empty(); ++k) {
                if (!h.windows && (h.computes[0] || h.computes[1])) {   // [outer..., rows, columns] with the columns along the inner axis, or turned
                    i64 batch = 0;
                    for (int c = 0; c < h.outer; ++c) batch = batch * extent[c] + index[c];
                    const auto element = [&](int side, i64 row, i64 column, i64 rows, i64 columns, i64 elsewhere) {
                        const bool turned = (side ? h.right : h.left) != kiln::by_rows;
                        const i64 e = batch * rows * columns + (turned ? column * rows + row : row * columns + column);
                        return h.computes[side] ? maps[side].v[at(e)] : load(side ? *y : *x, t, elsewhere);
                    };
                    left[at(k)] = element(0, i, k, n0, inner, h.computes[0] ? 0 : from_x + where(0, i, k));
                    right[at(k)] = element(1, k, j, inner, n1, h.computes[1] ? 0 : from_y + where(1, k, j));
                    continue;
                }
                const i64 p = where(0, i, k), s = where(1, k, j);
                if (h.windows) {
                    const i64 all = static_cast<i64>(shown.size()), e = shown[at(p % all)];
                    left[at(k)] = e < 0 ? cell{} : load(*x, t, p / all * image + e);
                } else left[at(k)] = load(*x, t, from_x + p);
                right[at(k)] = h.computes[1] ? spread[at(s)] : load(*y, t, from_y + s);
            }
            builder& b = *calculator;
            b.nodes[0] = {&hole_op, 0, {-1, -1, -1}, b.intern(ints(1, inner)), t, 0};
            b.nodes[1] = {&hole_op, 0, {-1, -1, -1}, b.intern(ints(inner, 1)), t, 0};
            b.nodes[3] = {&info<matmul_op>, 2, {0, 1, -1}, b.intern(ints(1, 1)), t, 0};
            cell out{};
            const cell* in[2]{left.data(), right.data()};
            cell* o[1]{&out};
            matmul_op::reference({&b, 3}, in, o);
            r.v.push_back(out);
        }
        if (r.v.empty()) r.v.emplace_back();
        return r;
    }

    void run_opaque(const plan_call& call, const key_view& key, const plan_argument* a) {
        const int anchor = l.bodies->b.groups[call.group].anchor;
        const node& x = g.nodes[anchor];
        if (key.op(0) != x.op->id) return fail("another operation than the group's");
        const int* size = w.call_sizes + call.first_size;
        for (int k = 0; k < x.n_in; ++k)
            for (int r = x.n_in; r < key.n_nodes(); ++r)
                if (a[k] == a[r]) fail("a result over an operand");
        auto in = [&](int k) { return operand_of(key, size, a[k], k, w.fz.f.home[at(g.operand(x, k))]); };
        auto out = [&](int k, int id, const std::vector<cell>& c) { keep_result(key, size, a[k], k, id, c); };
        if (x.op == &info<merge_op>) {
            const bool first = in(0)[0].i != 0;
            out(3, anchor, in(first ? 1 : 2));
        } else if (x.op == &info<top_k_op>) {
            const i64 n = value(size[0]), last = value(size[1]), k = static_cast<i64>(key.constant(0));
            builder& b = *calculator;
            const i64 rows = last ? n / last : 0;
            b.nodes[0] = {&hole_op, 0, {-1, -1, -1}, b.intern(ints(rows, last)), key.node(0).type, 0};
            b.nodes[3] = {&info<top_k_op>, 1, {0, -1, -1}, 0, dtype::none, b.intern(ints(k))};
            std::vector<cell> best(at(rows * k + 1)), where(at(rows * k + 1));
            const std::vector<cell> c = in(0);
            const cell* p[1]{c.data()};
            cell* o[2]{best.data(), where.data()};
            top_k_op::reference({&b, 3}, p, o);
            out(1, anchor + 1, best);
            out(2, anchor + 2, where);
        } else if (x.op == &info<patches_op> || x.op == &info<fold_op> || x.op == &info<window_max_op> || x.op == &info<window_at_max_op> ||
                   x.op == &info<window_max_and_place_op> || x.op == &info<window_from_place_op> ||
                   x.op == &info<depthwise_op> || x.op == &info<depthwise_image_op> || x.op == &info<depthwise_filters_op>) {   // their geometry is in the key
            std::vector<std::vector<cell>> c;
            for (int k = 0; k < x.n_in; ++k) c.push_back(in(k));
            const std::vector<std::vector<cell>> results = of_windows(x, key, size, c);
            for (int k = 0; k < static_cast<int>(results.size()); ++k) out(x.n_in + k, anchor + (x.type == dtype::none ? 1 + k : 0), results[at(k)]);
        } else {   // random numbers
            const dtype t = key.node(1).type;
            const u64 k = key_of_hash(static_cast<u64>(value(size[4])), static_cast<u64>(in(0)[0].i));
            std::vector<cell> c(at(std::max<i64>(1, value(size[2]))));
            for (i64 i = 0; i < value(size[2]); ++i) {
                const u64 j = static_cast<u64>(i);
                auto drawn = [&]<class Op>(Op) { return t == dtype::float32 ? static_cast<double>(Op::template draw<float>(k, 0, j)) : Op::template draw<double>(k, 0, j); };
                if (x.op == &info<random_bits_op>) c[at(i)].i = static_cast<i64>(random_bits_op::draw<u64>(k, 0, j));
                else c[at(i)].f = x.op == &info<random_uniform_op> ? drawn(random_uniform_op{})
                                : x.op == &info<random_normal_op> ? drawn(random_normal_op{}) : drawn(truncated_normal_op{});
            }
            out(1, anchor, c);
        }
        finish(call, a, -1);
    }

    lowering& l;
    writer_t& w;
    graph_view g;
    std::vector<i64> names;
    std::map<u64, const op_info*> operations;
    std::map<u64, int> arity;
    std::vector<piece> slots, outputs, leaves;
    scratch calculator;
    int current = 0;
};

std::string text_of_plan(lowering& l) {
    std::string s = text_of(l.legal.view(), l.legal.b());
    s += "  signature " + std::to_string(l.sig.outputs) + " outputs, " + std::to_string(l.sig.updates) + " updates, " + std::to_string(l.sig.inputs) + " inputs\n";
    if (!l.plan) return s;
    const writer_t& w = *l.plan;
    const char* const kinds[]{"load", "store", "constant", "counter", "tile", "operation", "reduce", "widen"};
    auto place = [](const plan_argument& a) {
        return std::string(a.where == space::buffer ? "buffer" : a.where == space::leaf ? "leaf" : a.where == space::output ? "output" : "number") + std::to_string(a.index);
    };
    for (int c = 0; c < w.n_calls; ++c) {
        const plan_call& call = w.calls[c];
        const key_view key{w.words + w.kernels[call.kernel].at, w.kernels[call.kernel].n};
        const key_header h = key.header();
        s += "  call " + std::to_string(c) + ", group " + std::to_string(call.group) + (h.kind == group_kind::nest ? " nest" : h.kind == group_kind::opaque ? " opaque" : " contraction") +
             ", " + std::to_string(h.axes) + " axes, " + std::to_string(h.outer) + " outer" + (h.has_rows ? ", rows" : "") + ", guard " + std::to_string(call.guard) + ":";
        for (int k = 0; k < call.n_arguments; ++k) s += " " + place(w.arguments[call.first_argument + k]);
        s += "\n";
        for (int i = 0; i < key.n_nodes(); ++i) {
            const key_node x = key.node(i);
            s += "    " + std::to_string(i) + " = " + kinds[static_cast<int>(x.kind)] + " " + std::to_string(x.in[0]) + " " + std::to_string(x.in[1]) + " " + std::to_string(x.in[2]) +
                 ", mask " + std::to_string(x.mask) + ", slot " + std::to_string(x.slot) + (x.strided ? ", strided" : "") + ", " + name_of(x.type) + "\n";
        }
    }
    return s;
}

}  // namespace

namespace {
/// The plan of outputs alone, run and compared.
void check_plan(value (*f)(builder&)) {
    scratch b;
    const value v = f(*b);
    program_graph p;
    rooted first;
    make_canonical(*b, {v}, first);
    std::vector<int> ids = ids_of(first.values());
    for (int i = 0; i < first.b().n; ++i)
        if (first.b().nodes[i].op == &placeholder_op) ids.push_back(i);
    p.sig = {1, 0, static_cast<int>(ids.size()) - 1};
    p.g.settle(first.view(), ids);
    lowering l(p, {64, 64, true});
    runnable reference(l.legal, {}, 1);
    tensors want = reference.run();
    want.resize(1);
    plan_run run(l, reference, {});
    INFO(text_of_plan(l));
    CHECK(run.wrong == "");
    CHECK(differs({v.element()}, want, run.results()) == "");
}
}  // namespace

TEST_CASE("what a body holds is lowered as what is outside", "[plan]") {
    check_plan([](builder& b) {   // a reduction over two runs of axes
        const value x = placeholder_of(b, "x", {b.intern(ints(2, 3, 2)), dtype::float64}), c = placeholder_of(b, "c", {0, dtype::boolean});
        return cond(c, [&] { return sum_over(x, ints(-3, -1)); }, [&] { return max_over(x, ints(-3, -1)); });
    });
    check_plan([](builder& b) {   // operands that must lie in memory
        const value x = placeholder_of(b, "x", {b.intern(ints(2, 3)), dtype::float64}), c = placeholder_of(b, "c", {0, dtype::boolean});
        return cond(c, [&] { return matmul(x, full_of(b, {b.intern(ints(3, 2)), dtype::float64}, 2.0)); },
                    [&] { return result(top_k(full_of(b, {b.intern(ints(2, 3)), dtype::float64}, 2.0), 2), 0); });
    });
    check_plan([](builder& b) {   // views of a literal that the body is given
        const value c = placeholder_of(b, "c", {0, dtype::boolean}), two = full_of(b, {b.intern(ints(3, 1)), dtype::float64}, 2.0);
        return cond(c, [&] { return exp(call<reshape_op>(ints(2, 3), two)); }, [&] { return call<reshape_op>(ints(2, 3), two); });
    });
}

TEST_CASE("plans of random programs compute what the reference interpreter does", "[plan][random]") {
    int first = 0, count = n_programs;
    range_of_graphs(first, count);
    long calls = 0, nodes = 0, updates = 0, copies = 0, rounds = 0, prologues = 0, pools = 0, fused_calls = 0, unfused_calls = 0;
    int too_large = 0;
    for (int k = first; k < first + count; ++k) {
        const u64 s = scattered(seed() + 77, static_cast<u64>(k));
        CAPTURE(seed(), k);
        program_graph p;
        generate(s, k, p);
        lowering l(p, {k % 2 ? 64 : 16, 64, k % 3 != 0});
        REQUIRE(std::string(l.legal.b().found.what.s) == "");
        if (!l.fits) {
            ++too_large;
            continue;
        }
        nodes += l.legal.view().n;
        calls += l.plan->n_calls;
        updates += l.sig.updates;
        copies += l.plan->n_copies;
        rounds += l.rounds;
        prologues += l.prologues();
        pools += l.pools();
        for (const u64 draw : {s, scattered(s, 1)}) {   // one plan, two sets of extents and values
            const extents_of_names e = extents_for(draw);
            runnable reference(l.legal, e, draw);
            tensors want = reference.run();
            want.resize(at(l.sig.results()));
            std::vector<dtype> t = dtypes_of(reference.roots);
            t.resize(want.size());
            plan_run run(l, reference, e);
            const std::string wrong = run.wrong.empty() ? differs(t, want, run.results()) : run.wrong;
            if (!wrong.empty()) {
                INFO("n = " << e.n << ", m = " << e.m << "\n" << text_of_plan(l));
                CHECK(wrong == "");
            }
            if (k % 8 == 1) {   // and without fusion
                lowering apart(p, {64, 64, true}, false);
                plan_run unfused(apart, reference, e);
                const std::string other = unfused.wrong.empty() ? differs(t, want, unfused.results()) : unfused.wrong;
                CHECK(apart.prologues() == 0);
                unfused_calls += apart.plan->n_calls;
                fused_calls += l.plan->n_calls;
                if (!other.empty()) {
                    INFO(text_of_plan(apart));
                    CHECK(other == "");
                }
            }
            if (draw == s && k % 4 == 0) {   // and the legal graph is the program
                runnable original(p.g, e, draw);
                const certainty sure(p.g, e, draw);
                tensors before = original.run();
                before.resize(want.size());
                const std::string other = differs(t, before, want, sure);
                if (!other.empty() && !differs(t, before, want, certainty(p.g, e, draw, 32)).empty()) {
                    INFO(text_of(p.g.view(), p.g.b()) << text_of_plan(l));
                    CHECK(other == "");
                }
            }
        }
    }
    std::printf("plans: %ld nodes, %ld calls, %ld updates, %ld of them copied, %ld more rounds of fusion, %ld prologues, %ld of them pools, %d too large\n", nodes, calls, updates, copies, rounds, prologues, pools, too_large);
    CHECK(too_large * 50 < count);
    if (count >= 100) CHECK(fused_calls * 2 < unfused_calls);
    if (count >= 10000) CHECK(prologues > pools);
    if (count >= 10000) CHECK(pools > 0);
}

}  // namespace kiln::testing

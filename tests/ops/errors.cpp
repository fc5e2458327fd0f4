// Wrong dtypes, shapes, axes: each is a finding that names the operation and the two parties, and nothing crashes after it.
#include "trial.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace kiln::testing {
namespace {

std::string found(trial& g) { return g.b().found.what.s; }
/// A sentence cut as a finding is, which has 36 characters.
std::string cut(const std::string& s) {
    word w{};
    w.put(s.c_str());
    return w.s;
}

/// Derivatives of what is wrong already must not fall over either.
void differentiate(trial& g) {
    if (g.y.zero() || !is_floating(g.y.element())) return;
    for (const value v : g.x) {
        if (!is_floating(v.element())) continue;
        const value one = ones_like(v), seed = ones_like(g.y);
        value d;
        forward(g.b(), &v, &one, 1, &g.y, 1, &d);
        reverse(g.b(), &g.y, &seed, 1, &v, 1, &d);
    }
}

/// The graph of a row on placeholders of these dtypes and shapes.
trial made(const row& r, dtype t, const std::vector<dtype>& types, const std::vector<std::vector<i64>>& shape) {
    trial g;
    for (std::size_t k = 0; k < types.size(); ++k) g.x.push_back(g.placeholder(types[k], shape[k]));
    g.y = r.apply({g.b(), g.x.data(), t});
    return g;
}
std::vector<dtype> types_of(const row& r, dtype t) {
    std::vector<dtype> types;
    for (int k = 0; k < r.arity; ++k) types.push_back(r.dtype_of_operand(k, t));
    return types;
}

/// Where a finding may name an operation that this one is made of.
bool composed(const row& r) {
    static const std::set<std::string> names{"outer", "sigmoid_cross_entropy", "squared_error", "gelu", "elu", "leaky_relu", "swish", "dot"};
    return names.count(r.name) || *r.variant;
}

TEST_CASE("a dtype that an operation does not take", "[ops]") {
    const std::set<std::string> generic{"cond", "iota", "size"};   // take what their parts take
    for (const row& r : all_rows())
        for (const dtype t : every_dtype) {
            if (accepts(r.takes, t) || generic.count(r.name)) continue;
            trial g = made(r, t, types_of(r, t), shapes_of(r)[0]);
            INFO(title(r, t));
            REQUIRE(found(g) != "");
            INFO(found(g));
            CHECK(g.b().found.left.n > 0);
            CHECK(g.b().found.right.n > 0);
            if (!composed(r) && r.arity > 0) CHECK(found(g).rfind(std::string(r.name) + ":", 0) == 0);
            differentiate(g);
        }
}

TEST_CASE("two dtypes", "[ops]") {
    for (const row& r : all_rows())
        for (int k = 0; k < r.arity; ++k) {
            const dtype t = accepts(r.takes, dtype::float64) ? dtype::float64 : accepts(r.takes, dtype::int32) ? dtype::int32 : dtype::boolean;
            int typed = 0;
            for (int j = 0; j < r.arity; ++j) typed += r.in[j].element == dtype::none;
            if (typed < 2 || r.in[k].element != dtype::none || std::string(r.name) == "true_divide") continue;
            std::vector<dtype> types = types_of(r, t);
            types[static_cast<std::size_t>(k)] = t == dtype::float64 ? dtype::float32 : dtype::int8;
            trial g = made(r, t, types, shapes_of(r)[0]);
            INFO(title(r, t) << ", operand " << k << " of another");
            INFO(found(g));
            CHECK(found(g) != "");
            if (!composed(r) && std::string(r.name) != "cond") CHECK(found(g) == cut(std::string(r.name) + ": dtypes differ, use cast"));
            differentiate(g);
        }
}

TEST_CASE("shapes that do not broadcast", "[ops]") {
    for (const row& r : all_rows()) {
        if (!r.elementwise() || r.arity < 2) continue;
        const dtype t = accepts(r.takes, dtype::float64) ? dtype::float64 : accepts(r.takes, dtype::int32) ? dtype::int32 : dtype::boolean;
        for (std::size_t k = 0; k < static_cast<std::size_t>(r.arity); ++k)
            for (const std::vector<i64>& wrong : std::vector<std::vector<i64>>{{4}, {3, 3}, {0}, {2}, {2, 3, 1}}) {
                std::vector<std::vector<i64>> shape(static_cast<std::size_t>(r.arity), {2, 3});
                shape[k] = wrong;
                trial g = made(r, t, types_of(r, t), shape);
                INFO(title(r, t) << ", operand " << k << " of shape " << text_of(wrong));
                INFO(found(g));
                CHECK(found(g) != "");
                if (!composed(r)) CHECK(found(g) == cut(std::string(r.name) + ": shapes do not broadcast"));
                differentiate(g);
            }
    }
}

/// One mistake, and how the sentence about it starts (tests/compile_fail pins the whole ones).
struct mistake {
    const char* what;
    value (*apply)(args);
    dims shape[3];
    dtype types[3]{dtype::float64, dtype::float64, dtype::float64};
};

TEST_CASE("what is wrong with shapes, axes and dtypes", "[ops]") {
    constexpr dtype f = dtype::float64, i = dtype::int32, b = dtype::boolean;
    const mistake mistakes[]{
        {"matmul: inner extents differ", [](args a) { return matmul(a[0], a[1]); }, {{3, 4}, {5, 2}}},
        {"matmul: inner extents differ", [](args a) { return matmul(a[0], a[1]); }, {{3}, {2, 2}}},
        {"matmul: inner extents differ", [](args a) { return matmul(a[0], a[1]); }, {{3}, {4}}},
        {"matmul: both sides need an axis", [](args a) { return matmul(a[0], a[1]); }, {{}, {4}}},
        {"matmul: leading axes", [](args a) { return matmul(a[0], a[1]); }, {{2, 3, 4}, {3, 4, 2}}},
        {"matmul: dtypes differ, use cast", [](args a) { return matmul(a[0], a[1]); }, {{2, 2}, {2, 2}}, {f, dtype::float32, f}},
        {"matmul: not for this dtype", [](args a) { return matmul(a[0], a[1]); }, {{2, 2}, {2, 2}}, {b, b, b}},
        {"dot: inner extents differ", [](args a) { return dot(a[0], a[1]); }, {{2, 3}, {2, 4, 5}}},
        {"matmul: inner extents differ", [](args a) { return dot(a[0], a[1]); }, {{2, 3}, {2, 3}}},
        {"sum: axis out of range", [](args a) { return sum<2>(a[0]); }, {{2, 3}}},
        {"sum: axis out of range", [](args a) { return sum(a[0], -3); }, {{2, 3}}},
        {"sum: axis out of range", [](args a) { return sum(a[0], 0); }, {{}}},
        {"max: an axis is named twice", [](args a) { return max<axes<1, -1>>(a[0]); }, {{2, 3}}},
        {"mean: axis out of range", [](args a) { return mean(a[0], 5, keepdims); }, {{2, 3}}},
        {"argmax: axis out of range", [](args a) { return argmax<3>(a[0]); }, {{2, 3}}},
        {"logsumexp: axis out of range", [](args a) { return logsumexp<3>(a[0]); }, {{2, 3}}},
        {"mean: not for this dtype, use cast", [](args a) { return mean(a[0]); }, {{2, 3}}, {i, i, i}},
        {"sum: not for this dtype", [](args a) { return sum(a[0]); }, {{2, 3}}, {b, b, b}},
        {"all: not for this dtype", [](args a) { return all(a[0]); }, {{2, 3}}},
        {"reshape: counts", [](args a) { return reshape<4, 2>(a[0]); }, {{2, 3}}},
        {"reshape: counts", [](args a) { return reshape(a[0], {}); }, {{0}}},
        {"reshape: ", [](args a) { return reshape<4, -1>(a[0]); }, {{2, 3}}},
        {"reshape: two", [](args a) { return reshape<-1, -1>(a[0]); }, {{2, 3}}},
        {"reshape: ", [](args a) { return reshape<0, -1>(a[0]); }, {{0, 3}}},
        {"transpose: ", [](args a) { return transpose<0, 0>(a[0]); }, {{2, 3}}},
        {"transpose: ", [](args a) { return transpose<0>(a[0]); }, {{2, 3}}},
        {"transpose: ", [](args a) { return transpose<0, 2>(a[0]); }, {{2, 3}}},
        {"expand_dims: axis out of range", [](args a) { return expand_dims<3>(a[0]); }, {{2}}},
        {"expand_dims: axis out of range", [](args a) { return expand_dims<-3>(a[0]); }, {{2}}},
        {"squeeze: the axis", [](args a) { return squeeze<0>(a[0]); }, {{2, 1}}},
        {"squeeze: axis out of range", [](args a) { return squeeze<2>(a[0]); }, {{1, 1}}},
        {"broadcast_to: shapes", [](args a) { return broadcast_to<2, 2>(a[0]); }, {{3}}},
        {"broadcast_to: shapes", [](args a) { return broadcast_to<1>(a[0]); }, {{3}}},
        {"broadcast_to: shapes", [](args a) { return broadcast_to<3>(a[0]); }, {{1, 3}}},
        {"top_k: k is not", [](args a) { return result(top_k(a[0], 4), 0); }, {{2, 3}}},
        {"top_k: k is not", [](args a) { return result(top_k(a[0], -1), 0); }, {{2, 3}}},
        {"top_k: ", [](args a) { return result(top_k(a[0], 1), 0); }, {{}}},
        {"where: the condition", [](args a) { return where(a[0], a[1], a[2]); }, {{3}, {3}, {3}}},
        {"where: shapes do not broadcast", [](args a) { return where(a[0], a[1], a[2]); }, {{4}, {3}, {3}}, {b, f, f}},
        {"where: dtypes differ, use cast", [](args a) { return where(a[0], a[1], a[2]); }, {{3}, {3}, {3}}, {b, f, i}},
        {"cond: ", [](args a) { return cond(a[0], [&] { return a[1]; }, [&] { return a[1]; }); }, {{2}, {3}}, {b, f, f}},
        {"cond: ", [](args a) { return cond(a[0], [&] { return a[1]; }, [&] { return a[1]; }); }, {{}, {3}}},
        {"cond: the branches differ in shape", [](args a) { return cond(a[0], [&] { return a[1] + 1; }, [&] { return a[2] * 2; }); }, {{}, {3}, {4}}, {b, f, f}},
        {"cond: the branches differ in dtype", [](args a) { return cond(a[0], [&] { return a[1]; }, [&] { return a[2]; }); }, {{}, {3}, {3}}, {b, f, i}},
        {"softmax: axis out of range", [](args a) { return softmax(a[0], 2); }, {{2, 3}}},
        {"softmax: axis out of range", [](args a) { return softmax(a[0]); }, {{}}},
        {"log_softmax: not for this dtype, use cast", [](args a) { return log_softmax(a[0]); }, {{2, 3}}, {i, i, i}},
        {"softmax_cross_entropy: labels", [](args a) { return softmax_cross_entropy(a[0], a[1]); }, {{2, 3}, {3}}, {f, i, i}},
        {"softmax_cross_entropy: labels", [](args a) { return softmax_cross_entropy(a[0], a[1]); }, {{2, 3}, {2}}, {f, b, i}},
        {"softmax_cross_entropy: no axis", [](args a) { return softmax_cross_entropy(a[0], a[1]); }, {{}, {}}, {f, i, i}},
        {"softmax_cross_entropy: shapes", [](args a) { return softmax_cross_entropy(a[0], a[1]); }, {{2, 3}, {3}}},
        {"softmax_cross_entropy: no axis", [](args a) { return softmax_cross_entropy(a[0], a[1]); }, {{}, {}}},
        {"one_hot: ", [](args a) { return one_hot<3>(a[0]); }, {{2}}},
        {"number: not for this dtype, use cast", [](args a) { return a[0] * 0.5; }, {{2}}, {i, i, i}},
        {"number: does not fit the dtype", [](args a) { return a[0] + 300; }, {{2}}, {dtype::int8, i, i}},
        {"number: does not fit the dtype", [](args a) { return a[0] + -1; }, {{2}}, {dtype::uint8, i, i}},
        {"variable: ", [](args a) { return variable_of(a.b, "w", {a.b.intern(ints(2)), f}, a[0]); }, {{3}}},
        {"random_normal: not for this dtype", [](args a) { return random_normal<>.initial(a.b, {0, i}, a.b.name("w")); }, {}},
        {"clip: shapes do not broadcast", [](args a) { return clip(a[0], a[1], a[2]); }, {{2}, {3}, {3}}},
        {"clip: dtypes differ, use cast", [](args a) { return clip(a[0], a[1], a[2]); }, {{2}, {2}, {2}}, {f, f, i}},
    };
    for (const mistake& m : mistakes) {
        trial g;
        std::string title = m.what;
        for (int k = 0; k < 3; ++k) {
            g.x.push_back(g.placeholder(m.types[k], m.shape[k].vector()));
            title += " " + text_of(m.shape[k].vector());
        }
        g.y = m.apply({g.b(), g.x.data(), f});
        INFO(title << ": " << found(g));
        CHECK(found(g).rfind(cut(m.what), 0) == 0);
        CHECK(g.b().found.left.n > 0);
        CHECK(g.b().found.right.n > 0);
        differentiate(g);
    }
}

}  // namespace
}  // namespace kiln::testing

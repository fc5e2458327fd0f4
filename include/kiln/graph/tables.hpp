// What a growing graph interns: lists of integers, texts, extents; and the first finding, whose words are made of them.
#pragma once
#include <kiln/graph/finding.hpp>
#include <kiln/graph/list.hpp>

#include <source_location>

namespace kiln {

constexpr const char* own_file() { return std::source_location::current().file_name(); }
constexpr int own_prefix() {   // length of the path up to and with ".../kiln/"
    const char* f = own_file();
    int n = 0, cut = 0, slashes = 0;
    for (int k = 0; f[k]; ++k) n = k + 1;
    for (int k = n - 1; k >= 0 && slashes < 2; --k)
        if (f[k] == '/') { ++slashes; cut = k + 1; }
    return cut;
}

// Not local to its user: clang evaluates a local constant each time.
inline constexpr int own_prefix_length = own_prefix();

struct graph_tables {
    static constexpr int capacity = 8192;

    i64 lists[2 * capacity];      // [length, elements...] each; index 0 is the empty list
    int n_lists;
    int list_table[capacity];
    char chars[capacity];
    int n_chars;

    finding found;
    const char* file;             // the user's line that is being traced
    unsigned line;

    // ---- findings
    constexpr void at_line(const std::source_location& w) {
        const char* f = w.file_name();
        if (__builtin_strncmp(f, own_file(), own_prefix_length) != 0) { file = f; line = w.line(); }
    }
    constexpr void fail(const char* op, const char* what, const word& left, const word& right) {
        if (found) return;
        found.what.put(op).put(": ").put(what);
        found.left = left;
        found.right = right;
        if (!file || !line) return;
        const char* f = file;
        for (const char* p = file; *p; ++p)
            if (*p == '/') f = p + 1;
        found.where.put(f).put(":").put(static_cast<i64>(line));
    }
    constexpr void fail(const char* op, const char* what, int left, int right) {
        fail(op, what, shape_text(left), shape_text(right));
    }
    constexpr word shape_text(int s) const {
        word w{};
        w.put("(");
        for (int k = 0; k < length(s); ++k) {
            if (k) w.put(", ");
            put_extent(w, at(s, k));
        }
        return w.put(")");
    }
    constexpr void put_extent(word& w, i64 e) const {
        if (!is_product(e)) { w.put(e); return; }
        const int l = static_cast<int>(extent_tag - e);
        const bool one = at(l, 0) == 1;
        if (!one) w.put(at(l, 0));
        for (int k = 1; k < length(l); ++k) {
            if (k > 1 || !one) w.put(" ");
            w.put("\"").put(chars + (at(l, k) - name_tag)).put("\"");
        }
    }
    static constexpr word text(const char* s) { word w{}; w.put(s); return w; }
    constexpr void full() {
        fail("graph", "too large for one builder", text("capacity 8192"), text("use more than one trace"));
    }

    // ---- interned lists and names
    constexpr int intern(const i64* p, int len) {
        if (len == 0) return 0;
        u64 h = static_cast<u64>(len);
        for (int k = 0; k < len; ++k) h = mix(h, static_cast<u64>(p[k]));
        int j = static_cast<int>(h >> 20 & (capacity - 1));
        for (; int at = list_table[j]; j = (j + 1) & (capacity - 1))
            if (lists[at] == len) {
                int k = 0;
                while (k < len && lists[at + 1 + k] == p[k]) ++k;
                if (k == len) return at;
            }
        if (n_lists == 0) n_lists = 1;
        if (n_lists + len >= 2 * capacity) { full(); return 0; }
        const int at = list_table[j] = n_lists;
        lists[n_lists++] = len;
        for (int k = 0; k < len; ++k) lists[n_lists++] = p[k];
        return at;
    }
    constexpr int intern(const list& l) { return intern(l.at, l.n); }
    constexpr int length(int l) const { return l ? static_cast<int>(lists[l]) : 0; }
    constexpr i64 at(int l, int k) const { return lists[l + 1 + k]; }
    constexpr list get(int l, int from = 0) const {
        list r{};
        const int len = length(l);
        for (int k = from; k < len; ++k) r.at[r.n++] = lists[l + 1 + k];
        return r;
    }
    /// The tagged reference of a text in the table of characters.
    constexpr i64 name(const char* s) {
        for (int i = 0; i < n_chars;) {
            int k = 0;
            while (s[k] && chars[i + k] == s[k]) ++k;
            if (!s[k] && !chars[i + k]) return name_tag + i;
            while (chars[i]) ++i;
            ++i;
        }
        int length = 1;
        while (s[length - 1]) ++length;
        if (n_chars + length > capacity) {
            full();
            return name_tag;
        }
        const int at = n_chars;
        for (; *s; ++s) chars[n_chars++] = *s;
        chars[n_chars++] = 0;
        return name_tag + at;
    }
    constexpr const char* text_of(i64 name) const { return chars + (name - name_tag); }

    // ---- extents: a number, or (number, names in order): a product
    constexpr i64 named(const char* s) {
        i64 p[2]{1, name(s)};
        return extent_tag - i64{intern(p, 2)};
    }
    constexpr list factors(i64 e) const {
        if (is_product(e)) return get(static_cast<int>(extent_tag - e));
        list r{};
        r.put(e);
        return r;
    }
    constexpr i64 product(const list& p) {
        return p.n == 1 || p.at[0] == 0 ? p.at[0] : extent_tag - i64{intern(p)};
    }
    constexpr i64 times(i64 a, i64 c) {
        if (a >= 0 && c >= 0) return a * c;
        const list p = factors(a), q = factors(c);
        list r{};
        r.put(p[0] * q[0]);
        for (int i = 1, j = 1; i < p.n || j < q.n;)
            r.put(j == q.n || (i < p.n && p[i] <= q[j]) ? p[i++] : q[j++]);
        return product(r);
    }
    /// a / c where it comes out even, else `inferred`.
    constexpr i64 divided(i64 a, i64 c) {
        const list p = factors(a), q = factors(c);
        list r{};
        if (q[0] == 0 || p[0] % q[0] != 0) return inferred;
        if (p[0] == 0) return 0;
        r.put(p[0] / q[0]);
        int j = 1;
        for (int i = 1; i < p.n; ++i)
            if (j < q.n && p[i] == q[j]) ++j;
            else r.put(p[i]);
        return j == q.n ? product(r) : inferred;
    }
    /// e + more: a number, or a name with the number beside it ("n - 3"); `inferred` for a product, and for a name of more than 200 letters.
    constexpr i64 plus(i64 e, i64 more) {
        if (more == 0) return e;
        if (!is_product(e)) return e + more;
        const int l = static_cast<int>(extent_tag - e);
        if (length(l) != 2 || at(l, 0) != 1) return inferred;
        const name_and_number x = name_and_number_of(text_of(at(l, 1)));
        char text[256]{};
        int n = 0;
        if (x.length > 200) return inferred;   // no room for a number beside it
        for (; n < x.length; ++n) text[n] = x.name[n];
        more += x.number;
        if (more != 0) {
            word digits{};
            digits.put(more < 0 ? " - " : " + ").put(more < 0 ? -more : more);
            for (int k = 0; k < digits.n; ++k) text[n++] = digits.s[k];
        }
        return named(text);
    }
    /// a - c as a number or an extent, else `inferred`.
    constexpr i64 minus(i64 a, i64 c) {
        if (!is_product(c)) return plus(a, -c);
        if (a == c) return 0;
        if (!is_product(a)) return inferred;
        const int l = static_cast<int>(extent_tag - a), m = static_cast<int>(extent_tag - c);
        if (length(l) != 2 || length(m) != 2 || at(l, 0) != 1 || at(m, 0) != 1) return inferred;
        const name_and_number x = name_and_number_of(text_of(at(l, 1))), y = name_and_number_of(text_of(at(m, 1)));
        return x.same_name(y) ? x.number - y.number : inferred;
    }
    constexpr i64 count(int shape) {
        i64 r = 1;
        for (int k = 0; k < length(shape); ++k) r = times(r, at(shape, k));
        return r;
    }
};

}  // namespace kiln

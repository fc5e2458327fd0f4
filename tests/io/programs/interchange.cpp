// What kiln does of interchange.py: `write FOLDER` makes files for Python, `read FOLDER` checks those that Python made.
#include <kiln/kiln.hpp>

#include <cstdio>
#include <string>

#include "kiln/io/checkpoint.hpp"
#include "kiln/io/npy.hpp"
#include "kiln/io/npz.hpp"
#include "kiln/io/safetensors.hpp"

namespace {

using namespace kiln;
namespace fs = std::filesystem;

constexpr auto w = variable<"layer/w", float, 2, 3>(zeros);
constexpr auto b = variable<"layer/b>-_.", double>(zeros);
constexpr auto n = variable<"n", std::int64_t, 4>(zeros);

int failures = 0;
void check(bool holds, const std::string& what) {
    if (holds) return;
    std::printf("differs: %s\n", what.c_str());
    ++failures;
}

/// Element k of every array in these files.
template <class T>
T element_at(i64 k) {
    const i64 v = (7 * k + 3) % 100;
    if constexpr (std::is_same_v<T, bool>) return v % 3 == 0;
    else if constexpr (std::is_floating_point_v<T>) return static_cast<T>(static_cast<double>(v - 50) / 8);
    else return static_cast<T>(std::is_signed_v<T> ? v - 50 : v);
}

template <class X>
void fill(X&& x) {
    for (i64 k = 0; auto& e : x) e = element_at<std::remove_reference_t<decltype(e)>>(k++);
}
template <class X>
bool filled(const X& x) {
    for (i64 k = 0; const auto& e : x)
        if (e != element_at<std::remove_cvref_t<decltype(e)>>(k++)) return false;
    return true;
}

/// Calls f<T>(its name) for every element type.
template <class F>
void for_each_type(F f) {
    [&]<class... T>(std::type_identity<T>...) {
        (f.template operator()<T>(std::string(name_of(dtype_of<T>))), ...);
    }(std::type_identity<bool>{}, std::type_identity<std::int8_t>{}, std::type_identity<std::int16_t>{},
      std::type_identity<std::int32_t>{}, std::type_identity<std::int64_t>{}, std::type_identity<std::uint8_t>{},
      std::type_identity<std::uint16_t>{}, std::type_identity<std::uint32_t>{}, std::type_identity<std::uint64_t>{},
      std::type_identity<float>{}, std::type_identity<double>{});
}

void write(const fs::path& folder) {
    std::vector<io::named_array> all;
    std::vector<io::array> kept;
    kept.reserve(64);   // the views point to them
    for_each_type([&]<class T>(const std::string& name) {
        tensor<T, 2, 3, 4> cube;
        tensor<T> one;
        tensor<T, 0, 3> nothing;
        fill(cube);
        fill(one);
        io::save_npy(folder / (name + "-cube.npy"), cube);
        io::save_npy(folder / (name + "-one.npy"), one);
        io::save_npy(folder / (name + "-nothing.npy"), nothing);
        for (const char* kind : {"-cube", "-one", "-nothing"}) {
            kept.push_back(io::load_npy(folder / (name + kind + ".npy")));
            all.emplace_back(name + kind, kept.back());
        }
    });
    io::save_npz(folder / "plain.npz", all);
    io::save_npz(folder / "packed.npz", all, {.compress = true});
    io::save_npz(folder / "empty.npz", {});
    io::save_safetensors(folder / "all.safetensors", all, {{"who", "kiln"}});
    io::save_safetensors(folder / "empty.safetensors", {});
    session s(w, b, n);
    s.initialize();
    fill(s[w]);
    fill(s[b]);
    fill(s[n]);
    io::save(folder / "session.safetensors", s);
}

void read(const fs::path& folder) {
    const auto plain = io::load_npz(folder / "plain.npz"), packed = io::load_npz(folder / "packed.npz");
    const auto tensors = io::load_safetensors(folder / "all.safetensors");
    check(tensors.metadata.at("who") == "python", "metadata");
    check(io::load_npz(folder / "empty.npz").empty(), "empty.npz");
    for_each_type([&]<class T>(const std::string& name) {
        for (const char* how : {"-c", "-f", "-big", "-v2", "-v3"}) {
            const fs::path path = folder / (name + how + ".npy");
            check(filled(io::load_npy<T, 2, 3, 4>(path)), path);
        }
        check(filled(io::load_npy<T>(folder / (name + "-one.npy"))), name + "-one");
        check(io::load_npy<T, 0, 3>(folder / (name + "-nothing.npy")).empty(), name + "-nothing");
        for (const auto* arrays : {&plain, &packed, &tensors.tensors}) {
            check(filled(arrays->at(name + "-cube").template to<T, 2, 3, 4>()), name + " in an archive");
            check(filled(arrays->at(name + "-one").template to<T>()), name + "-one in an archive");
            check(arrays->at(name + "-nothing").template to<T, 0, 3>().empty(), name + "-nothing in an archive");
        }
    });
    session s(w, b, n);
    io::restore(folder / "session.safetensors", s);
    check(filled(s[w]) && filled(s[b]) && filled(s[n]), "a session");
}

}  // namespace

int main(int, char** arguments) {
    const fs::path folder = arguments[2];
    if (std::string(arguments[1]) == "write") write(folder);
    else read(folder);
    return failures != 0;
}

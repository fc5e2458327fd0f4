// What kiln does of tensorboard.py: `log FOLDER` writes a log, `png FROM TO` reads a PNG file and writes it again.
#include "kiln/io/tensorboard.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "kiln/io/node_times.hpp"

namespace {

using namespace kiln;
namespace fs = std::filesystem;

/// Fills a tensor with the numbers (7 k + 3) mod 100, from -50 or from 0, as tensorboard.py does.
template <class T, i64... Extents>
tensor<T, Extents...> filled() {
    tensor<T, Extents...> t;
    for (i64 k = 0; T& e : t) {
        const i64 v = (7 * k++ + 3) % 100;
        e = static_cast<T>(std::is_unsigned_v<T> ? v : v - 50);
    }
    return t;
}

template <class... T>
void histograms_of_dtypes(io::tensorboard::writer& w) {
    (w.histogram(std::string("dtypes/") + name_of(dtype_of<T>), 3, filled<T, 5, 9>()), ...);
}

void log(const fs::path& folder) {
    io::tensorboard::writer w(folder);
    for (i64 step = 0; step < 50; ++step) w.scalar("train/loss", step, 10.0 / (1 + static_cast<double>(step)));
    constexpr double inf = std::numeric_limits<double>::infinity();
    for (i64 step = 0; const double x : {std::nan(""), inf, -inf, 1e300, 0.1}) w.scalar("größe", step++, x);

    for (i64 step = 0; step < 10; ++step) {
        std::vector<double> numbers;
        for (std::uint32_t i = 0, x = static_cast<std::uint32_t>(step); i < 1000; ++i)
            numbers.push_back(static_cast<double>(x = x * 1664525 + 1013904223) / 4294967296 + static_cast<double>(step) / 4);
        w.histogram("layer/w", step, numbers);
    }
    histograms_of_dtypes<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t,
                         std::uint64_t, float, double>(w);
    w.histogram("empty", 0, std::vector<float>());
    w.histogram("same", 0, std::vector<float>(7, 0.5f));
    w.histogram("not finite", 0, std::vector<double>{std::nan(""), -inf, 1, 2, 2, inf});

    tensor<float, 8, 16> grey;
    for (i64 k = 0; float& e : grey) e = static_cast<float>(k++) / 100 - 0.1f;
    w.image("grey", 0, grey);
    tensor<double, 8, 16, 2> see_through;
    for (i64 k = 0; double& e : see_through) e = static_cast<double>(k++) / 256;
    w.image("grey with alpha", 0, see_through);
    w.image("colours", 1, filled<std::uint8_t, 6, 4, 3>());
    w.image("several", 2, filled<std::uint8_t, 3, 5, 7, 4>());

    w.text("notes", 4, "**bold** größe");
    // GraphDef {node {name: "a" op: "Placeholder"}}
    w.graph_def({"\n\x10\n\1a\x12\x0bPlaceholder", 18});
    io::tensorboard::node_times times("/device:CPU:7");
    times.add("a", 0, 2.6, 4096);
    times.add("b", 100, 0.2);
    w.run_metadata("step 4", 4, times.run_metadata());
}

}  // namespace

int main(int, char** arguments) {
    if (std::string(arguments[1]) == "log") log(arguments[2]);
    else io::write_png(arguments[3], io::read_png(arguments[2]));
}

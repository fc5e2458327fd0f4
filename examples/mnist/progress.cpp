#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "text.hpp"

namespace mnist {

static bool is_terminal(std::FILE* out) {
    const char* kind = std::getenv("TERM");
    return isatty(fileno(out)) != 0 && !(kind && std::string_view(kind) == "dumb");
}

static bool has_colour() {
    const char* no = std::getenv("NO_COLOR");
    return !(no && *no);
}

static bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (const char* value = std::getenv(name); value && *value) {
            const std::string_view locale(value);
            return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
        }
    return false;
}

static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

static std::string duration(double seconds) {
    const auto s = static_cast<long>(seconds + 0.5);
    return s < 3600 ? formatted("%ld:%02ld", s / 60, s % 60)
                    : formatted("%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

progress::progress(int epochs, kiln::i64 images_per_epoch, std::FILE* out)
    : epochs_(epochs), per_epoch_(images_per_epoch), out_(out), live_(is_terminal(out)), start_(now()), next_draw_(start_) {}

void progress::step(kiln::i64 images, double loss) {
    seen_ += images;
    loss_sum_ += loss * static_cast<double>(images);
    if (live_ && now() >= next_draw_) draw();
}

void progress::end_epoch(double accuracy) {
    accuracy_ = accuracy;
    done_ = epoch_ == epochs_;
    if (live_) draw();
    else {
        std::fputs((status() + "\n").c_str(), out_);
        std::fflush(out_);
    }
    images_before_ += seen_;
    seen_ = 0;
    loss_sum_ = 0;
    epoch_ = std::min(epoch_ + 1, epochs_);
}

void progress::finish() {
    if (line_open_) std::fputc('\n', out_);
    line_open_ = false;
    std::fflush(out_);
}

std::string progress::epoch_text() const {
    const int width = static_cast<int>(std::to_string(epochs_).size());
    return formatted("epoch %*d/%d", width, epoch_, epochs_);
}

/// Loss (the mean of this epoch so far), accuracy, speed and time left.
std::string progress::numbers() const {
    const double elapsed = now() - start_;
    const auto total = static_cast<double>(images_before_ + seen_);
    const double rate = total / std::max(elapsed, 1e-9);
    const double left = static_cast<double>(per_epoch_) * epochs_ - total;
    std::string text;
    if (seen_ > 0) text += formatted("  loss %.4f", loss_sum_ / static_cast<double>(seen_));
    if (accuracy_ >= 0) text += formatted("  accuracy %.2f %%", 100 * accuracy_);
    text += "  " + with_commas(static_cast<kiln::i64>(rate)) + " images/s";
    if (done_) text += "  in " + duration(elapsed);
    else if (rate > 0) text += "  " + duration(std::max(left, 0.0) / rate) + " left";
    return text;
}

std::string progress::bar(std::size_t width) const {
    const double share = static_cast<double>(seen_) / static_cast<double>(std::max<kiln::i64>(per_epoch_, 1));
    const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
    const bool unicode = speaks_utf8();
    std::string done, rest;
    for (std::size_t i = 0; i < full; ++i) done += unicode ? "━" : "=";
    if (has_colour()) {
        for (std::size_t i = full; i < width; ++i) rest += unicode ? "━" : "-";
        return "\x1b[32m" + done + "\x1b[90m" + rest + "\x1b[0m";
    }
    return done + std::string(width - full, unicode ? ' ' : '-');
}

void progress::draw() {
    winsize size{};
    const bool known = ioctl(fileno(out_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    // A line that fills the last column would wrap and could not be redrawn.
    const auto columns = static_cast<std::size_t>(known ? size.ws_col : 80) - 1;
    const std::string before = epoch_text() + "  ", behind = numbers();
    std::string line;
    if (before.size() + behind.size() + 5 <= columns)
        line = before + bar(std::min<std::size_t>(columns - before.size() - behind.size(), 40)) + behind;
    else line = status().substr(0, columns);
    std::fputs(("\r" + line + "\x1b[K").c_str(), out_);   // and clear what is left of the line before
    std::fflush(out_);
    line_open_ = true;
    next_draw_ = now() + 0.05;
}

}  // namespace mnist

// A progress bar for the terminal, plain lines for everything else.
#pragma once
#include <cstdio>
#include <string>

#include <kiln/core/types.hpp>

namespace mnist {

/// Shows how the training goes. On a terminal one line is redrawn, at most 20 times a second; elsewhere each epoch
/// is one plain line. Colours stay out where the environment has NO_COLOR.
class progress {
public:
    progress(int epochs, kiln::i64 images_per_epoch, std::FILE* out = stdout);
    ~progress() { finish(); }
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// After each minibatch, with its mean loss.
    void step(kiln::i64 images, double loss);

    /// After each epoch, with the share of the held-back digits that are read right.
    void end_epoch(double accuracy);

    /// Ends the line that is being redrawn; the destructor does it too, so that an error message gets its own.
    void finish();

private:
    std::string epoch_text() const;
    std::string numbers() const;
    std::string status() const { return epoch_text() + numbers(); }
    std::string bar(std::size_t width) const;
    void draw();

    int epochs_, epoch_ = 1;
    kiln::i64 per_epoch_, seen_ = 0, images_before_ = 0;
    double loss_sum_ = 0, accuracy_ = -1;
    std::FILE* out_;
    bool live_, line_open_ = false, done_ = false;
    double start_, next_draw_;   // seconds
};

}  // namespace mnist

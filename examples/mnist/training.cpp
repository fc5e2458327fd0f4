#include "training.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mnist {

arguments::arguments(int argc, char** argv) {
    for (int k = 1; k < argc; ++k) {
        if (!std::strcmp(argv[k], "--epochs") && k + 1 < argc) epochs = std::atoi(argv[++k]);
        else if (!std::strcmp(argv[k], "--seed") && k + 1 < argc) seed = static_cast<unsigned>(std::atoi(argv[++k]));
        else directory = argv[k];
    }
    if (epochs < 1) throw kiln::value_error("--epochs wants a number above 0");
}

dataset arguments::data() const { return directory ? full(directory) : bundled(KILN_EXAMPLE_DATA); }

void report(const char* name, const history& run, const digits& test, std::span<const std::int32_t> predictions) {
    const std::string picture = std::string(name) + ".png";
    const std::span truth(test.labels.data(), static_cast<std::size_t>(test.size()));
    std::printf("\n%s\n", confusion_matrix(truth, predictions).c_str());
    write_picture(picture, run, std::span(test.images.data(), static_cast<std::size_t>(test.images.size())), truth, predictions);
    std::printf("the loss curve and the misread digits are in %s\n", picture.c_str());
    std::printf("test accuracy %.2f %%\n", 100 * accuracy(truth, predictions));
}

}  // namespace mnist

#include <kiln/kiln.hpp>

#include <iostream>
#include <string_view>

int main() {
    if (std::string_view(kiln::version) != EXPECTED_VERSION) {
        std::cerr << "the header says version " << kiln::version << ", the package " << EXPECTED_VERSION << '\n';
        return 1;
    }
    std::cout << "kiln " << kiln::version << '\n';
}

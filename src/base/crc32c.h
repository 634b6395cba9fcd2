#pragma once

#include <cstdint>
#include <string_view>

namespace millwright {

// Computes the CRC-32C (Castagnoli) of some bytes.
uint32_t Crc32c(std::string_view bytes);

// Masks a checksum as TFRecord stores it, so that a checksum of bytes that hold checksums stays a
// useful one.
constexpr uint32_t MaskedCrc(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

}  // namespace millwright

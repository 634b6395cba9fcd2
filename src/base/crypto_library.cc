#include "base/crypto_library.h"

namespace millwright {

const SharedLibrary& CryptoLibrary() {
  static const SharedLibrary library("OpenSSL's libcrypto", {"libcrypto.so.3"}, "install libssl3");
  return library;
}

}  // namespace millwright

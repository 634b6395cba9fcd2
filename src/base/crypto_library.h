#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/lazy_function.h"

// OpenSSL's functions, each under its own name; libcrypto is opened at the first call. Binding it
// takes longer than most commands of the command line.
namespace millwright {

const SharedLibrary& CryptoLibrary();

#define MILLWRIGHT_CRYPTO(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&CryptoLibrary, #name);

MILLWRIGHT_CRYPTO(EVP_DecodeBlock)
MILLWRIGHT_CRYPTO(EVP_DigestFinal_ex)
MILLWRIGHT_CRYPTO(EVP_DigestInit_ex)
MILLWRIGHT_CRYPTO(EVP_DigestUpdate)
MILLWRIGHT_CRYPTO(EVP_EncodeBlock)
MILLWRIGHT_CRYPTO(EVP_MD_CTX_free)
MILLWRIGHT_CRYPTO(EVP_MD_CTX_new)
MILLWRIGHT_CRYPTO(EVP_md5)
MILLWRIGHT_CRYPTO(EVP_sha256)
MILLWRIGHT_CRYPTO(HMAC)

#undef MILLWRIGHT_CRYPTO

}  // namespace millwright

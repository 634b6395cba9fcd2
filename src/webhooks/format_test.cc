#include "webhooks/format.h"

#include <gtest/gtest.h>

namespace millwright::webhooks {
namespace {

// Computed with `printf '%s' MESSAGE | openssl dgst -sha256 -hmac KEY -binary | base64`.
TEST(Signature, IsWhatReceiversCompute) {
  EXPECT_EQ("v1,SLFgqHolX/RQ2jyq8jc9+JiWZJ/fRjgKCNB3zikCneY=",
            Sign("s3cret", "d1", "1700000000", R"({"a":1})"));
}

// The example of the Standard Webhooks' own libraries.
TEST(Signature, DecodesTheSecretsOfTheStandardWebhooks) {
  EXPECT_EQ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                 "1614265330", R"({"test": 2432232314})"));
}

TEST(Signature, TakesAWrongEncodingAsItStands) {
  EXPECT_EQ(Sign("whsec_!", "a", "1", ""), Sign("whsec_!", "a", "1", ""));
  EXPECT_NE(Sign("whsec_!", "a", "1", ""), Sign("", "a", "1", ""));
}

}  // namespace
}  // namespace millwright::webhooks

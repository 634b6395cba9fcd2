#include "serving/batch_gain.h"

#include <gtest/gtest.h>

namespace millwright::serving {
namespace {

TEST(BatchGain, PaysWhereAnElementCostsClearlyLessTogether) {
  BatchGain flat;  // breast_cancer_lr
  flat.AddAlone(30, 2.1);
  EXPECT_TRUE(flat.Pays());  // not known, so to be tried
  flat.AddTogether(64 * 30, 8.1);
  EXPECT_TRUE(flat.Pays());
  BatchGain dearer;  // spam_transformer, whatever the requests' lengths are
  dearer.AddAlone(64, 308);
  dearer.AddTogether(32 * 40, 8'800);
  EXPECT_FALSE(dearer.Pays());
}

TEST(BatchGain, GoesTheOtherWayNowAndThen) {
  BatchGain gain;
  EXPECT_FALSE(gain.Choose().together);  // alone comes first
  gain.AddAlone(1, 10);
  gain.AddTogether(8, 800);
  int together = 0;
  for (int i = 0; i < 640; ++i) {
    const auto choice = gain.Choose();
    EXPECT_EQ(choice.together, choice.is_trial);
    together += choice.together ? 1 : 0;
  }
  EXPECT_EQ(together, 10);
  for (int i = 0; i < 200; ++i) gain.AddTogether(8, 8);  // it has become cheaper
  EXPECT_TRUE(gain.Pays());
}

TEST(BatchGain, ARunOnABusyMachineMovesItLittle) {
  BatchGain gain;
  gain.AddAlone(1, 10);
  gain.AddTogether(10, 50);
  gain.AddTogether(10, 100'000);
  EXPECT_TRUE(gain.Pays());
}

}  // namespace
}  // namespace millwright::serving

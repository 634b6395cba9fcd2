#include "pipelines/notice.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millwright::pipelines {

NoticeBox::NoticeBox() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(descriptor_ >= 0);
}

NoticeBox::~NoticeBox() {
  close(descriptor_);
}

void NoticeBox::Put(Notice notice) {
  {
    std::lock_guard lock(mutex_);
    const auto same = [&](const Notice& other) {
      return other.kind == notice.kind && other.name == notice.name;
    };
    if (std::any_of(notices_.begin(), notices_.end(), same)) return;
    notices_.push_back(std::move(notice));
  }
  Wake();
}

std::vector<Notice> NoticeBox::TakeAll() {
  eventfd_t count = 0;
  eventfd_read(descriptor_, &count);
  std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

void NoticeBox::Wake() {
  eventfd_write(descriptor_, 1);
}

}  // namespace millwright::pipelines

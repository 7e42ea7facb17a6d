#include "unsound.h"

#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <string.h>

#include "avs.h"
#include "packet.h"
#include "structures.h"

void drop_unsound(struct log *log, int stream, AVPacketSideData *list, int *count) {
  int kept = 0;
  for (int i = 0; i < *count; i++) {
    char fault[SIDE_DATA_FAULT_SIZE];
    if (is_sound_side_data(list[i].type, list[i].data, list[i].size, fault)) {
      list[kept++] = list[i];
      continue;
    }
    if (log)
      warn(log, AVS_WARNING_DROPPED, stream, 1, "side data that is damaged is left out", "stream %d: %s %s: left out", stream,
           side_data_name(list[i].type), fault);
    av_freep(&list[i].data);
  }
  *count = kept;
}

int refuse_structures(struct log *log, const AVFormatContext *context) {
  for (unsigned i = 0; i < context->nb_streams; i++) {
    enum AVCodecID codec = context->streams[i]->codecpar->codec_id;
    if (!is_structure_codec(codec)) continue;
    log_line(log, AV_LOG_ERROR, "stream %u: %s is refused: %s", i, avcodec_get_name(codec), STRUCTURE_CODEC_FAULT);
    return AVERROR(EPERM);
  }
  return 0;
}

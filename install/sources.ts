/**
 * The sources that the shared library is built from, as text inside the modules: they come with the package, checked
 * as all of it is. A file of shim/ that is missing here fails a test.
 */
import build_shim_sh from "../scripts/build_shim.sh" with { type: "text" };
import avs_h from "../shim/avs.h" with { type: "text" };
import compat_h from "../shim/compat.h" with { type: "text" };
import contain_c from "../shim/contain.c" with { type: "text" };
import cover_c from "../shim/cover.c" with { type: "text" };
import decipher_c from "../shim/decipher.c" with { type: "text" };
import demux_c from "../shim/demux.c" with { type: "text" };
import describe_c from "../shim/describe.c" with { type: "text" };
import protocol_list_c from "../shim/ffmpeg/protocol_list.c" with { type: "text" };
import filter_c from "../shim/filter.c" with { type: "text" };
import formats_c from "../shim/formats.c" with { type: "text" };
import framing_c from "../shim/framing.c" with { type: "text" };
import handles_c from "../shim/handles.c" with { type: "text" };
import internal_h from "../shim/internal.h" with { type: "text" };
import io_c from "../shim/io.c" with { type: "text" };
import isolate_c from "../shim/isolate.c" with { type: "text" };
import log_c from "../shim/log.c" with { type: "text" };
import memory_c from "../shim/memory.c" with { type: "text" };
import mux_c from "../shim/mux.c" with { type: "text" };
import nested_c from "../shim/nested.c" with { type: "text" };
import options_c from "../shim/options.c" with { type: "text" };
import parameters_c from "../shim/parameters.c" with { type: "text" };
import read_ahead_c from "../shim/read_ahead.c" with { type: "text" };
import remux_c from "../shim/remux.c" with { type: "text" };
import request_c from "../shim/request.c" with { type: "text" };
import sealed_c from "../shim/sealed.c" with { type: "text" };
import seek_c from "../shim/seek.c" with { type: "text" };
import session_c from "../shim/session.c" with { type: "text" };
import text_c from "../shim/text.c" with { type: "text" };
import worker_c from "../shim/worker.c" with { type: "text" };
import write_behind_c from "../shim/write_behind.c" with { type: "text" };

/** Texts of the files by their paths. */
export const sources: Readonly<Record<string, string>> = {
  "scripts/build_shim.sh": build_shim_sh,
  "shim/avs.h": avs_h,
  "shim/compat.h": compat_h,
  "shim/contain.c": contain_c,
  "shim/cover.c": cover_c,
  "shim/decipher.c": decipher_c,
  "shim/demux.c": demux_c,
  "shim/describe.c": describe_c,
  "shim/ffmpeg/protocol_list.c": protocol_list_c,
  "shim/filter.c": filter_c,
  "shim/formats.c": formats_c,
  "shim/framing.c": framing_c,
  "shim/handles.c": handles_c,
  "shim/internal.h": internal_h,
  "shim/io.c": io_c,
  "shim/isolate.c": isolate_c,
  "shim/log.c": log_c,
  "shim/memory.c": memory_c,
  "shim/mux.c": mux_c,
  "shim/nested.c": nested_c,
  "shim/options.c": options_c,
  "shim/parameters.c": parameters_c,
  "shim/read_ahead.c": read_ahead_c,
  "shim/remux.c": remux_c,
  "shim/request.c": request_c,
  "shim/sealed.c": sealed_c,
  "shim/seek.c": seek_c,
  "shim/session.c": session_c,
  "shim/text.c": text_c,
  "shim/worker.c": worker_c,
  "shim/write_behind.c": write_behind_c,
};

/* floor 1 */
/*
 * xml.h - sends libxml2's messages about a manifest to the log; otherwise they go to stderr, with bytes of the manifest. In the
 * embedded FFmpeg ffmpeg/xml.patch does it; this is for the system's libavformat.
 */
#ifndef AVS_XML_H
#define AVS_XML_H

/* For this thread, from now on. */
void xml_log_here(void);

#endif

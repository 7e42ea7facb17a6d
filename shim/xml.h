/* floor 1 */
/*
 * xml.h - libxml2's messages about a manifest go to the log: it would write it to stderr, with the manifest's own bytes. In the
 * embedded FFmpeg ffmpeg/xml.patch does it, here it is for the machine's.
 */
#ifndef AVS_XML_H
#define AVS_XML_H

/* From now on, on this thread. */
void xml_log_here(void);

#endif

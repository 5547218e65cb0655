"""A camera for tests: GStreamer's RTSP server, run by Debian's own Python (``/usr/bin/python3 rtsp_server.py PORT``).

It says ``ready`` when it listens. Options: ``--size WxH``, ``--fps N``, ``--codec jpeg|h264``, ``--password WORD``
(of user ``door``), ``--certificate FILE`` (a certificate and its key, for TLS; needs Debian's glib-networking).
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402

CODECS = {
    "jpeg": "jpegenc quality=70 ! rtpjpegpay name=pay0 pt=26",
    "h264": "openh264enc gop-size=25 bitrate=1500000 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--fps", default="25")
    parser.add_argument("--codec", default="jpeg", choices=CODECS)
    parser.add_argument("--password", default="")
    parser.add_argument("--certificate", default="")
    given = parser.parse_args()
    Gst.init(None)
    width, height = given.size.split("x")
    server = GstRtspServer.RTSPServer(service=given.port, address="127.0.0.1")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width={width},height={height},"
        f"framerate={given.fps}/1 ! {CODECS[given.codec]} )"
    )
    factory.set_shared(True)
    if given.password or given.certificate:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        if given.password:
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic("door", given.password), token)
        else:
            auth.set_default_token(token)
        if given.certificate:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(given.certificate))
        server.set_auth(auth)
        factory.add_role_from_structure(
            Gst.Structure.from_string("user, media.factory.access=true, media.factory.construct=true")[0]
        )
    server.get_mount_points().add_factory("/door", factory)
    if server.attach(None) == 0:
        sys.exit("the port is taken")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes ui_assets.S and ui_assets_table.cc from a folder of web files: each file once as it is and
once gzipped, so that the binary serves the UI with nothing beside it.

usage: embed_ui.py DIST_DIR OUT_DIR
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
         ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
         ".txt": "text/plain; charset=utf-8", ".webmanifest": "application/manifest+json"}


def main():
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    (out / "ui").mkdir(parents=True, exist_ok=True)
    files = sorted(p for p in dist.rglob("*") if p.is_file()) if dist.is_dir() else []
    assembly, externs, rows = [".section .rodata"], [], []
    for number, path in enumerate(files):
        data = path.read_bytes()
        packed = out / "ui" / f"{number}.gz"
        packed.write_bytes(gzip.compress(data, 9, mtime=0))
        for kind, source in (("raw", path.resolve()), ("gz", packed.resolve())):
            symbol = f"millwright_ui_{number}_{kind}"
            assembly += [f".global {symbol}", f".global {symbol}_end", f"{symbol}:",
                         f'.incbin "{source}"', f"{symbol}_end:"]
            externs.append(f"extern const char {symbol}[], {symbol}_end[];")
        name = "/" + path.relative_to(dist).as_posix()
        raw, gz = f"millwright_ui_{number}_raw", f"millwright_ui_{number}_gz"
        rows.append(f'    {{"{name}", "{TYPES.get(path.suffix, "application/octet-stream")}", '
                    f'"{hashlib.sha256(data).hexdigest()[:16]}", {raw}, {raw}_end, {gz}, {gz}_end}},')
    assembly.append('.section .note.GNU-stack,"",@progbits')
    (out / "ui_assets.S").write_text("\n".join(assembly) + "\n")
    (out / "ui_assets_table.cc").write_text(
        '// Generated from ui/dist by cmake/embed_ui.py.\n#include "server/ui_assets.h"\n\n'
        'extern "C" {\n' + "\n".join(externs) + "\n}\n\nnamespace millwright::server {\n\n"
        "std::vector<UiAsset> UiAssets() {\n  return {\n" + "\n".join(rows) +
        "\n  };\n}\n\n}  // namespace millwright::server\n")


main()

"""A browser, and the built site on a server of this machine's own.

The tests are skipped, with the reason, where there is no browser or no built site; under CI they
fail instead, so that they can never go missing unseen.
"""

import functools
import gzip
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from built_site import HTML, missing, must_be_built, page_names

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".txt", ".xml"}


def pytest_generate_tests(metafunc):
    """A test that takes a ``page_name`` runs on every page."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", [*page_names(), "search.html"])


@pytest.fixture(scope="session")
def pages():
    """Every page of the site, in reading order."""
    return page_names()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve a folder as a page host does: text compressed, connections kept open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in COMPRESSED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = compressed(path)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *args):
        """Say nothing."""


@functools.cache
def compressed(path):
    return gzip.compress(path.read_bytes(), mtime=0)


@pytest.fixture(scope="session")
def site():
    """The address of the built site."""
    must_be_built()
    handler = functools.partial(Handler, directory=str(HTML))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser():
    """One headless browser for all tests of a process."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    # Alone on this machine: what a browser fetches for itself is no business of a test.
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with playwright.sync_playwright() as runner:
        own = Path(runner.chromium.executable_path)
        if not found and not own.exists():
            missing("no Chromium or Chrome on this machine")
        browser = runner.chromium.launch(
            executable_path=found[0] if found else str(own), args=arguments
        )
        yield browser
        browser.close()


class Visit:
    """A page of the site in a fresh context, with a record of all that went wrong on it."""

    def __init__(self, browser, site, width=1280, theme="light"):
        self.site = site
        self.faults = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            reduced_motion="reduce",
        )
        self.context.route("**/*", self._only_this_machine)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)  # slow machines are no fault of the page
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _only_this_machine(self, route):
        if route.request.url.startswith((self.site, "data:", "blob:")):
            route.continue_()
        else:
            self.faults.append(f"request to a third party: {route.request.url}")
            route.abort()

    def _console(self, message):
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _failed(self, request):
        # A page that is left while it still loads cancels its requests: that is no fault.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.faults.append(f"failed request: {request.url} ({request.failure})")

    def _answered(self, response):
        if response.status >= 400:
            self.faults.append(f"HTTP {response.status}: {response.url}")

    def open(self, name):
        """Go to a page and wait until everything on it is there."""
        self.page.goto(f"{self.site}/{name}", wait_until="load")
        self.page.evaluate("document.fonts.ready")
        return self.page

    def must_be_faultless(self):
        """Fail with everything that was recorded, one fault a line."""
        if self.faults:
            pytest.fail("\n".join(self.faults), pytrace=False)


@pytest.fixture
def visit(browser, site):
    """Open contexts: ``visit(width=390, theme="dark").open("book/index.html")``."""
    visits = []

    def start(**options):
        visits.append(Visit(browser, site, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()


# Every rule that is on by default, and that fingers find what they are to tap on.
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
COLOR_RULES = ["color-contrast", "link-in-text-block"]
# A chapter has thousands of coloured words of code, in twenty kinds: of each kind axe sees the
# first one alone, and the others as text of the line that they stand in.
ONE_OF_EACH_KIND = """
() => {
  const known = new Set();
  const words = [...document.querySelectorAll("pre span[class]")].map((word) => {
    const box = word.closest("pre").parentElement.parentElement;
    return [word, [word.className, getComputedStyle(word).color, box.className].join()];
  });
  for (const [word, kind] of words) {
    if (known.has(kind)) word.replaceWith(...word.childNodes);
    known.add(kind);
  }
  document.querySelectorAll("pre").forEach((code) => code.normalize());
}
"""


@pytest.fixture(scope="session")
def axe():
    """The accessibility checker: of everything, of colours, of all but them, or of nothing."""
    module = pytest.importorskip("axe_playwright_python.sync_playwright")
    checker = module.Axe()

    def findings(page, what="all"):
        if what == "nothing":
            return []
        off = {rule: {"enabled": False} for rule in COLOR_RULES}
        options = {
            "all": AXE,
            "colors": AXE | {"runOnly": COLOR_RULES},
            "all but colors": AXE | {"rules": AXE["rules"] | off},
        }[what]
        page.evaluate(ONE_OF_EACH_KIND)
        found = checker.run(page, options=options).response["violations"]
        return [
            f"{v['impact']}: {v['help']} ({v['id']}): {node['html'][:160]} {node['any'][:1]}"
            for v in found
            for node in v["nodes"][:3]
        ]

    return findings


def pytest_terminal_summary(terminalreporter):
    """Show what the weight test measured; times are told, never asserted."""
    lines = [
        value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for key, value in getattr(report, "user_properties", ())
        if key == "weight" and report.when == "call"
    ]
    if lines:
        terminalreporter.section("first visit over 10 Mbit/s and 40 ms, everything compressed")
        terminalreporter.write_line("\n".join(sorted(lines)))

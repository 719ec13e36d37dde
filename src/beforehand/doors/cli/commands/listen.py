"""``beforehand listen``: HL7 v2 over MLLP."""

from __future__ import annotations

import asyncio
import signal
import ssl
from pathlib import Path

import click
from django.utils import timezone

from beforehand.care.needs.arrivals import ready_to_receive, warm_up
from beforehand.doors.cli.run import as_option, audited_run, ready_home
from beforehand.doors.mllp.listener import Listener, Terms
from beforehand.intake.senders import senders
from beforehand.record.access import INGEST, require

MEGABYTE = 1024 * 1024


def tls_context(cert: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later; with ``client_ca`` the sender must show a certificate that it signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _listen(host: str, port: int, tls: ssl.SSLContext | None, terms: Terms) -> None:
    listener = Listener(terms)
    port = await listener.open(host, port, tls)
    click.echo(f"Listening for HL7 v2 on {host}:{port}{' with TLS' if tls else ''}  (stop with Ctrl-C)")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await listener.close()


@click.command("listen")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=2575, show_default=True, type=int, help="0: one that is free.")
@click.option("--tls-cert", type=click.Path(exists=True, path_type=Path), help="Certificate chain (PEM).")
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), help="Its key (PEM).")
@click.option("--tls-client-ca", type=click.Path(exists=True, path_type=Path), help="Who signs senders' certificates.")
@click.option("--largest", default=16, show_default=True, type=click.IntRange(1, 256), help="MB of one message.")
@click.option("--idle", default=60, show_default=True, type=click.IntRange(1), help="Minutes between messages.")
@as_option
def command(
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    largest: int,
    idle: int,
    as_user: str | None,
) -> None:
    """Listen for HL7 v2 over MLLP until stopped.

    A message is answered AA when its facts are committed; CA, in the enhanced mode, when its bytes are. Only those
    registered with `beforehand senders add` may send. Rules run right after the answer.
    """
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("TLS needs both --tls-cert and --tls-key")
    if tls_client_ca is not None and tls_cert is None:
        raise click.UsageError("--tls-client-ca needs --tls-cert and --tls-key")
    ready_home()
    with audited_run("listen", as_user) as principal:
        require(principal, INGEST)
        ready_to_receive()
        warm_up(as_of=timezone.localdate())
    if not senders():
        click.echo("Nobody may send yet: register the senders with `beforehand senders add`.", err=True)
    tls = tls_context(tls_cert, tls_key, tls_client_ca) if tls_cert and tls_key else None
    try:
        asyncio.run(_listen(host, port, tls, Terms(largest=largest * MEGABYTE, idle=idle * 60.0)))
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error

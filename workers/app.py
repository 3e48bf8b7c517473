"""The Celery app, exactly as DESIGN.md section 4 has it: early ack, threads, no results, JSON, no prefetch."""

from __future__ import annotations

from celery import Celery

from dialer import settings as configuration
from dialer import wiring
from dialer.embedded import located
from dialer.messages import BROKER_OPTIONS
from dialer.settings import Settings
from schedules import table


def configured(settings: Settings) -> Celery:
    """Make the app of a process."""
    made = Celery("dialer", broker=wiring.broker(settings), include=["workers.tasks"])
    made.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=settings.worker_events,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=dict(BROKER_OPTIONS),
        task_default_queue="campaigns",
        task_create_missing_queues=True,
        beat_schedule=table.schedule(),
        beat_scheduler="schedules.scheduler:SharedScheduler",
        dialer_redis_url=settings.redis_url,
        beat_max_loop_interval=1,
        timezone="UTC",
        enable_utc=True,
    )
    return made


settings = located(configuration.load())
app = configured(settings)
on = wiring.Wiring(settings)

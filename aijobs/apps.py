from django.apps import AppConfig


class AijobsConfig(AppConfig):
    name = "aijobs"
    verbose_name = "AI jobs"

    def ready(self) -> None:
        from aijobs import checks  # noqa: F401  (registers the system checks)

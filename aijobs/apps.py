from django.apps import AppConfig


class AijobsConfig(AppConfig):
    name = "aijobs"
    verbose_name = "AI jobs"

    def ready(self) -> None:
        from django.conf import settings

        from aijobs import checks, jobtypes, pricing  # checks registers the system checks

        jobtypes.use_models(settings.AIJOBS_MODELS)
        try:
            pricing.use_table(settings.AIJOBS_PRICES)
        except (OSError, ValueError) as error:
            checks.wrong_prices = str(error)

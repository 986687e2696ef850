from django.apps import AppConfig


class AijobsConfig(AppConfig):
    name = "aijobs"
    verbose_name = "AI jobs"

    def ready(self) -> None:
        from django.conf import settings

        from aijobs import checks, jobtypes, pricing  # checks registers the system checks

        named = {name: model for name, model in settings.AIJOBS_MODELS.items() if model}
        jobtypes.use_models(named)
        try:
            pricing.use_table(settings.AIJOBS_PRICES)
        except (OSError, ValueError) as error:
            checks.wrong_prices = str(error)

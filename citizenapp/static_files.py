"""How static files are named and stored for WhiteNoise."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Every file has a hash of its content in its name, so that browsers keep it for ever.

    Django rewrites the names in `url(…)` of stylesheets by itself, and those in `import … from` of
    ES modules only when asked. Otherwise the modules that another one imports would be fetched by
    their plain names, which have to be asked for again and again.
    """

    support_js_module_import_aggregation = True

    def create_compressor(self, **options: Any) -> Compressor:
        """By gzip alone: brotli, as WhiteNoise asks for it, takes half a minute at the start."""
        return Compressor(use_brotli=False, **options)

"""The tags of a job: put on and taken off on its page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from aijobs.jobtypes.text import utf8
from aijobs.models import Tag
from aijobs.pipeline import tag
from aijobs.reading import jobs
from aijobs.web.guards import MemberRequest, for_writers, or_404


@require_POST
@for_writers
def tag_job(request: MemberRequest, job_id: UUID) -> HttpResponseBase:
    """Puts the tag `add` on the job, or takes `remove` off; then back to where the form stands."""
    with or_404():
        job = jobs.job_of(request.access.tenant, job_id)
    if "remove" in request.POST:
        tag.untag_job(job, utf8(request.POST["remove"]).replace("\0", "")[: Tag.LONGEST])
    else:
        name, wrong = tag.name_of(request.POST.get("add", ""))
        try:
            wrong = wrong or tag.tag_job(job, name)
        except tag.TooManyTags as refusal:
            wrong = str(refusal)
        if wrong:
            messages.error(request, wrong)
    onward = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(onward, {request.get_host()})
    return redirect(onward) if is_ours else redirect("job", job_id)

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
        name, wrong = name_of(request.POST.get("add", ""))
        try:
            wrong = wrong or tag.tag_job(job, name)
        except tag.TooManyTags:
            wrong = f"This workspace has {Tag.MOST_OF_A_TENANT} tags already. Take one off first."
        if wrong:
            messages.error(request, wrong)
    onward = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(onward, {request.get_host()})
    return redirect(onward) if is_ours else redirect("job", job_id)


def name_of(typed: str) -> tuple[str, str]:
    """The name of a tag as it is kept, and what is wrong with it."""
    name = " ".join(typed.split())
    if not name:
        return "", "Type a word for the tag."
    if len(name) > Tag.LONGEST:
        return "", f"A tag has {Tag.LONGEST} characters at most."
    if "\0" in name or name != utf8(name) or not name.isprintable():
        return "", "The tag holds a character that no tag may have."
    return name, ""

"""What a policy file that is at fault is refused with."""

from strongroom.plain_yaml.faults import FileInvalid


class PolicyInvalid(FileInvalid):
    """The retention policy is refused."""

    faults_listed_by = "strongroom policy check"

"""aiobotocore with the standard library's reader of timestamps instead of dateutil's."""

import datetime

from aiobotocore.session import AioSession

from . import aiobotocore


class Contender(aiobotocore.Contender):
    def make_session(self) -> AioSession:
        session = AioSession()
        factory = session.get_component("response_parser_factory")
        factory.set_parser_defaults(timestamp_parser=datetime.datetime.fromisoformat)
        return session

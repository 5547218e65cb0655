"""The tree of errors: each kind has a stable code, says what was expected and what to do next.

The command line and the HTTP service map from these codes; nothing is swallowed on the way.
"""

from __future__ import annotations

from typing import ClassVar, Self


class MasqueradeError(Exception):
    """Base of all errors that this package raises on purpose.

    Attributes:
        code: stable name of the kind of error, for programs.
        message: what is wrong, what was expected.
        hint: what to do next; may be empty.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep ``message`` and ``hint``; ``str()`` gives both."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Give the message with its hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def to_dict(self) -> dict[str, str]:
        """Give ``{"code", "message"}``, the form of JSON lines and HTTP answers."""
        return {"code": self.code, "message": str(self)}


class ImageError(MasqueradeError):
    """A picture cannot be used."""

    code = "image_error"


class ImageNotFound(ImageError):
    """The path leads nowhere, or to something that is not a file."""

    code = "image_not_found"


class ImageEmpty(ImageError):
    """There is no content: zero bytes, or an array without pixels."""

    code = "image_empty"


class ImageUnreadable(ImageError):
    """The file is there, but the system does not let it be read."""

    code = "image_unreadable"


class ImageFormatUnknown(ImageError):
    """The content is no picture in a supported format."""

    code = "image_format_unknown"


class ImageTooLarge(ImageError):
    """More bytes or more pixels than the settings allow."""

    code = "image_too_large"


class ImageDamaged(ImageError):
    """The header promises a picture, but the rest is truncated or broken."""

    code = "image_damaged"


class ImageInvalid(ImageError):
    """An array or object given as picture has the wrong shape, dtype or range."""

    code = "image_invalid"


class ImageTooSlow(ImageError):
    """The decoder was stopped: it took longer than a picture may."""

    code = "image_too_slow"


class NoImages(MasqueradeError):
    """A folder or pattern holds no picture."""

    code = "no_images"


class ModelError(MasqueradeError):
    """A model cannot be used."""

    code = "model_error"


class ModelUnknown(ModelError):
    """No model of that name is registered."""

    code = "model_unknown"


class ModelHashMismatch(ModelError):
    """The file of a model is not the one that its card names."""

    code = "model_hash_mismatch"


class ModelCardInvalid(ModelError):
    """A card is missing, unreadable, or lacks a field."""

    code = "model_card_invalid"


class ModelContractBroken(ModelError):
    """The ONNX file does not take or give what its card says."""

    code = "model_contract_broken"


class ProcessForked(ModelError):
    """The process was forked after models were loaded; their threads did not come along."""

    code = "model_process_forked"


class FacesInvalid(MasqueradeError):
    """Arrays that do not fit together were given as faces."""

    code = "faces_invalid"


class FaceUnusable(MasqueradeError):
    """A photo gives no face that a person could be told by."""

    code = "face_unusable"


class NoFace(FaceUnusable):
    """No face was found in the photo."""

    code = "no_face"


class SeveralFaces(FaceUnusable):
    """More than one face was found where one was expected."""

    code = "several_faces"


class FaceQualityLow(FaceUnusable):
    """A face is too small, blurred, dark, bright, turned away or cut off; the message names the measure."""

    code = "face_quality_low"


class TemplatesInvalid(MasqueradeError):
    """Templates, or a file of them, are missing, damaged or do not fit together."""

    code = "templates_invalid"


class TemplateOfAnotherModel(TemplatesInvalid):
    """Templates that different models made were to be compared or joined."""

    code = "template_of_another_model"


class CalibrationInvalid(MasqueradeError):
    """A calibration is missing, damaged, or of another model."""

    code = "calibration_invalid"


class CalibrationTooSmall(CalibrationInvalid):
    """A calibration rests on too few pairs for the false match rate that is asked for."""

    code = "calibration_too_small"


class PlanInvalid(MasqueradeError):
    """A plan of masks, or a wish for one, names something that is not there or out of range."""

    code = "plan_invalid"


class LibraryInvalid(MasqueradeError):
    """A library of masks is missing, damaged or of another version."""

    code = "library_invalid"


class ManifestInvalid(MasqueradeError):
    """A manifest of masked photos is missing, damaged or of another version."""

    code = "manifest_invalid"


class JobDiffers(MasqueradeError):
    """The job that is to be resumed was begun with other settings."""

    code = "job_differs"


class WorkerLost(MasqueradeError):
    """A worker process ended or failed in a way that is not foreseen; the message names the photo."""

    code = "worker_lost"


class StudyInvalid(MasqueradeError):
    """A plan of training asks for what is not there, or is out of range."""

    code = "study_invalid"


class WeightsUnusable(MasqueradeError):
    """Weights to start training from are absent, unreadable, or do not fit the network."""

    code = "weights_unusable"


class ClassEmpty(MasqueradeError):
    """A label that is to be learnt has no face to learn from."""

    code = "class_empty"


class IdentitiesShared(MasqueradeError):
    """People who are to be trained on are in a test set too."""

    code = "identities_shared"


class TrainingDiverged(MasqueradeError):
    """The loss of a training run is no number any more."""

    code = "training_diverged"


class SettingsInvalid(MasqueradeError):
    """A setting from the environment or the settings file cannot be used."""

    code = "settings_invalid"


class ExtraMissing(MasqueradeError):
    """An optional dependency is needed and not installed."""

    code = "extra_missing"

    @classmethod
    def of(cls, message: str, extra: str, otherwise: str = "") -> Self:
        """Make one whose hint says how to install an extra, and what may be done without it."""
        return cls(message, hint=f"in Masquerade's folder: pip install -e '.[{extra}]'{otherwise}")


class DataMissing(MasqueradeError):
    """A data set is not where it was expected."""

    code = "data_missing"


class LabelInvalid(MasqueradeError):
    """An annotation cannot be used."""

    code = "label_invalid"


class DestinationUnusable(MasqueradeError):
    """Nothing can be written at the place that was named."""

    code = "destination_unusable"


class SourceError(MasqueradeError):
    """A film, camera, folder or stream cannot be watched."""

    code = "source_error"


class SourceInvalid(SourceError):
    """The address of a source, or an option for it, is none that can be used."""

    code = "source_invalid"


class SourceNotFound(SourceError):
    """The path of a film or folder leads nowhere."""

    code = "source_not_found"


class SourceUnreadable(SourceError):
    """The file is there, but may not be read, or holds no film that can be decoded."""

    code = "source_unreadable"


class AlertsInvalid(MasqueradeError):
    """The file that says where alerts go cannot be used; the message names the channel and the field."""

    code = "alerts_invalid"


class OutboxUnusable(MasqueradeError):
    """The outbox of alerts cannot be opened, read or written."""

    code = "outbox_unusable"


class EventLogInvalid(MasqueradeError):
    """A file that events are to be added to holds something else."""

    code = "event_log_invalid"


class ServiceError(MasqueradeError):
    """A request cannot be answered, or the service cannot be started.

    Attributes:
        retry_after: seconds after which the same request may be taken; None where that makes no sense.
    """

    code = "service_error"

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        """Keep all three."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class RequestInvalid(ServiceError):
    """A parameter or part of a request is missing, unknown or out of range."""

    code = "request_invalid"


class RouteUnknown(ServiceError):
    """There is nothing at the path of a request."""

    code = "route_unknown"


class MethodRefused(ServiceError):
    """The path is there, but does not take this method."""

    code = "method_refused"


class BodyTooLarge(ServiceError):
    """The body of a request is larger than the service takes; it was not read to its end."""

    code = "body_too_large"


class BodyTooSlow(ServiceError):
    """The body of a request did not arrive in time."""

    code = "body_too_slow"


class MediaUnsupported(ServiceError):
    """The body of a request is of a kind that this path does not take."""

    code = "media_unsupported"


class KeyRequired(ServiceError):
    """A request comes without a key, or with one that is not known."""

    code = "key_required"


class ScopeMissing(ServiceError):
    """The key is known, but was not made for this."""

    code = "scope_missing"


class OriginRefused(ServiceError):
    """A page of another site sent the request."""

    code = "origin_refused"


class HostUnknown(ServiceError):
    """The request names a host that this service does not answer for."""

    code = "host_unknown"


class TooManyRequests(ServiceError):
    """One client asks more often than it may."""

    code = "too_many_requests"


class Busy(ServiceError):
    """There is more to do than can be done in time."""

    code = "busy"


class NotReady(ServiceError):
    """The models are not loaded yet, or the service is being stopped."""

    code = "not_ready"


class InternalError(ServiceError):
    """Something went wrong that should not; the log of the service says what."""

    code = "internal_error"


class KeysInvalid(ServiceError):
    """The file of keys is damaged, or a key cannot be made or removed."""

    code = "keys_invalid"


class AddressUnusable(ServiceError):
    """Nothing can be listened on at an address and port."""

    code = "address_unusable"


class ServeUnsafe(ServiceError):
    """The service would be open to others without a key."""

    code = "serve_unsafe"

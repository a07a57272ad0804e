#include <sentencepiece_processor.h>

#include <exception>
#include <new>
#include <string>
#include <vector>

#include "text/pieces.h"

struct mci_pieces {
    sentencepiece::SentencePieceProcessor processor;
};

namespace
{

/* Runs what may throw; what is thrown becomes a status. */
template <typename Call> mc_status guarded(mc_error *err, Call call)
{
    try {
        return call();
    } catch (const std::bad_alloc &) {
        return mc_fail(err, MC_E_NOMEM, "out of memory");
    } catch (const std::exception &e) {
        return mc_fail(err, MC_E_BACKEND, "SentencePiece: %s", e.what());
    } catch (...) {
        return mc_fail(err, MC_E_BACKEND, "SentencePiece failed");
    }
}

std::string_view view_of(mc_str text)
{
    return std::string_view(text.data ? text.data : "", text.len);
}

} // namespace

mc_status mci_pieces_new(mc_str model, mci_pieces **out, mc_error *err)
{
    MC_TRY(mci_pieces_check(model, err));
    mci_pieces *pieces = nullptr;
    mc_status status = guarded(err, [&] {
        pieces = new mci_pieces;
        sentencepiece::util::Status loaded =
            pieces->processor.LoadFromSerializedProto(view_of(model));
        if (!loaded.ok())
            return mc_fail(err, MC_E_FORMAT, "SentencePiece refuses the model: %s",
                           loaded.message());
        return MC_OK;
    });
    if (status < 0)
        mci_pieces_free(pieces);
    else
        *out = pieces;
    return status;
}

void mci_pieces_free(mci_pieces *pieces)
{
    delete pieces;
}

mci_pieces_facts mci_pieces_tell(const mci_pieces *pieces)
{
    const sentencepiece::SentencePieceProcessor &p = pieces->processor;
    mci_pieces_facts facts = { (size_t)p.GetPieceSize(), p.unk_id(), p.bos_id(), p.eos_id(),
                               p.pad_id() };
    return facts;
}

mc_str mci_pieces_name(const mci_pieces *pieces, int32_t id)
{
    const std::string &piece = pieces->processor.IdToPiece(id);
    mc_str view = { piece.data(), piece.size() };
    return view;
}

mc_status mci_pieces_file(const mci_pieces *pieces, mci_buf *out, mc_error *err)
{
    return guarded(err, [&] {
        const std::string bytes = pieces->processor.serialized_model_proto();
        return mci_buf_append(out, bytes.data(), bytes.size(), err);
    });
}

mc_status mci_pieces_encode(const mci_pieces *pieces, mc_str text, mci_pieces_take *take,
                            void *user, mc_error *err)
{
    return guarded(err, [&] {
        std::vector<int> ids;
        sentencepiece::util::Status encoded = pieces->processor.Encode(view_of(text), &ids);
        if (!encoded.ok())
            return mc_fail(err, MC_E_BACKEND, "SentencePiece: %s", encoded.message());
        return take(user, ids.data(), ids.size(), err);
    });
}

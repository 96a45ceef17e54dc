"""Every word that explanations say to people: their part of the catalogue of `matching.texts`, whose codes begin with ``explain.``."""

from __future__ import annotations

from matching import texts
from matching.texts import Language, Words

PREFIX = "explain."
TEXTS: dict[str, Words] = {
    # reasons -----------------------------------------------------------------------------------------------------------
    "reason.no_demand_for_product": ("Chưa có đơn hàng nào cần sản phẩm này.", "No demand line accepts the lot's product."),
    "reason.no_supply_of_product": (
        "Chưa có lô hàng nào thuộc sản phẩm mà đơn hàng nhận.",
        "No lot is of a product that the line accepts.",
    ),
    "reason.grade": (
        "Mọi bên cùng sản phẩm đều cần hoặc có hạng khác.",
        "Every counterpart of the same product asks for, or offers, another grade.",
    ),
    "reason.certificate": (
        "Thiếu chứng nhận bắt buộc, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "A required certificate is missing, of too low a level, or not valid on the lot's and the line's days.",
    ),
    "reason.market_code": (
        "Thiếu mã thị trường bắt buộc (như PUC:CN), hoặc mã không có hiệu lực vào ngày giao.",
        "A required market code, such as PUC:CN, is missing or not valid on the lot's and the line's days.",
    ),
    "reason.dates": (
        "Không có ngày lấy hàng và ngày giao nào khớp nhau trong kỳ kế hoạch và thời hạn chứng nhận.",
        "No pick-up day and delivery day fit together inside the horizon and the certificates' validity.",
    ),
    "reason.remaining_life": (
        "Ngày nào giao được thì hạn dùng còn lại cũng ngắn hơn đơn hàng yêu cầu.",
        "On every day on which it could be delivered, less shelf life remains than the line asks for.",
    ),
    "reason.cold": (
        "Hàng cần lạnh mà không xe lạnh nào vào được cả hai cổng.",
        "The goods need cold, and no refrigerated truck is admitted at both doors.",
    ),
    "reason.door": ("Không loại xe nào vào được cả hai cổng.", "The doors admit no class of truck."),
    "reason.hours": (
        "Không xe nào đi hết đường trong giờ làm của tài xế và giờ mở cửa của hai nơi.",
        "No truck can drive the way within its driver's hours and the opening hours of both sites.",
    ),
    "reason.forbidden": ("Người điều phối đã cấm mọi cặp còn lại.", "A broker has forbidden every pair that is left."),
    "reason.price": (
        "Giá mua cộng tiền phạt tránh được không vượt giá sàn cộng cước vận chuyển rẻ nhất.",
        "Bid and saved shortage penalty do not exceed the floor price and the cheapest haulage.",
    ),
    "reason.better_offer": ("Mọi bên có lãi đều đã được dùng hết.", "Every counterpart that would pay is wholly used."),
    "reason.suppliers_limit": (
        "Mọi đơn hàng còn chỗ đều đã đủ số nhà cung cấp cho phép.",
        "Every line with room already has as many suppliers as it allows.",
    ),
    "reason.minimum": (
        "Phần còn lại ít hơn mức tối thiểu, hoặc lô không chia lớn hơn mọi xe.",
        "What is left is less than a minimum amount, or an indivisible lot is larger than any truck.",
    ),
    "reason.throughput": (
        "Có bên còn chỗ, nhưng nơi giao nhận trên đường đã hết công suất trong những ngày này.",
        "A counterpart has room, but a site on the way handles no more on these days.",
    ),
    "reason.fleet": (
        "Đi xe thì có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck would pay, but every truck of the classes that would is used on these days.",
    ),
    "reason.truck": (
        "Có bên còn chỗ và có xe đi được, nhưng chưa tìm được chuyến nào đủ bù cước cho phần còn lại.",
        "A counterpart has room and trips are possible, but none was found that pays for what is left.",
    ),
    # the same for the reader's own side: what it means for this lot, or for this line ---------------------------------------
    "why.lot.no_demand_for_product": ("Chưa có đơn hàng nào cần sản phẩm này.", "No line asks for this product."),
    "why.line.no_supply_of_product": ("Chưa có lô nào thuộc sản phẩm mà đơn hàng này nhận.", "No lot is of a product that it takes."),
    "why.lot.grade": ("Các đơn hàng cùng sản phẩm đều cần hạng tốt hơn.", "Every line for this product asks for a better grade."),
    "why.line.grade": ("Các lô cùng sản phẩm đều có hạng thấp hơn đơn hàng này cần.", "Every lot of the product is of a lower grade."),
    "why.lot.certificate": (
        "Các đơn hàng hợp hạng đều cần chứng nhận mà bên bán lô này chưa có, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "Every line that is left requires a certificate that this supplier lacks, holds at too low a level, or not on the day.",
    ),
    "why.line.certificate": (
        "Bên bán các lô hợp hạng đều chưa có chứng nhận mà đơn hàng này cần, chưa đủ hạng, hoặc không còn hiệu lực vào ngày giao.",
        "No supplier of what is left holds the certificate that this line requires, at its level and on the day.",
    ),
    "why.lot.market_code": (
        "Các đơn hàng còn lại đều cần mã thị trường (như PUC:CN) mà bên bán lô này không có vào ngày giao.",
        "Every line that is left requires a market code, such as PUC:CN, that this supplier doesn't hold on the day.",
    ),
    "why.line.market_code": (
        "Bên bán các lô còn lại đều không có mã thị trường (như PUC:CN) mà đơn hàng này cần vào ngày giao.",
        "No supplier of what is left holds the market code, such as PUC:CN, that this line requires on the day.",
    ),
    "why.lot.dates": (
        "Không đơn hàng nào còn lại nhận hàng vào những ngày lô này giao được.",
        "No line that is left takes goods on the days on which this lot could be delivered.",
    ),
    "why.line.dates": (
        "Không lô nào còn lại giao được vào những ngày đơn hàng này nhận.",
        "No lot that is left could be delivered on the days on which this line takes goods.",
    ),
    "why.lot.remaining_life": (
        "Các đơn hàng khớp ngày đều cần hạn dùng còn lại dài hơn.",
        "Every line whose days fit asks for more remaining life.",
    ),
    "why.line.remaining_life": (
        "Các lô khớp ngày đều không còn đủ hạn dùng mà đơn hàng này cần.",
        "Every lot whose days fit has less life left than this line asks for.",
    ),
    "why.lot.cold": (
        "Lô này cần xe lạnh, mà không xe lạnh nào vào được cả hai cổng.",
        "It needs cold, and no cold truck gets to both doors.",
    ),
    "why.line.cold": (
        "Các lô còn lại cần xe lạnh, mà không xe lạnh nào vào được cả hai cổng.",
        "The lots that are left need cold, and no cold truck gets to both doors.",
    ),
    "why.lot.door": ("Không loại xe nào vào được cả hai cổng.", "No class of truck gets to both doors."),
    "why.line.door": ("Không loại xe nào vào được cả hai cổng.", "No class of truck gets to both doors."),
    "why.lot.hours": (
        "Không xe nào chở lô này tới được đơn hàng còn lại trong giờ làm của tài xế và giờ mở cửa.",
        "No truck gets this lot to a line that is left within a driver's hours and the opening hours.",
    ),
    "why.line.hours": (
        "Không xe nào chở được lô còn lại tới đơn hàng này trong giờ làm của tài xế và giờ mở cửa.",
        "No truck gets a lot that is left to this line within a driver's hours and the opening hours.",
    ),
    "why.lot.forbidden": ("Người điều phối đã cấm mọi đơn hàng còn lại đối với lô này.", "A broker has forbidden every line that is left."),
    "why.line.forbidden": ("Người điều phối đã cấm mọi lô còn lại đối với đơn hàng này.", "A broker has forbidden every lot that is left."),
    "why.lot.price": (
        "Không đơn hàng nào trả đủ giá sàn của lô này cộng cước vận chuyển.",
        "No line that is left pays this lot's floor price and the haulage.",
    ),
    "why.line.price": (
        "Giá mua của đơn hàng này không đủ trả giá sàn cộng cước vận chuyển của lô nào còn lại.",
        "This line's bid pays no remaining lot's floor price and haulage.",
    ),
    "why.lot.better_offer": (
        "Các đơn hàng bán có lời đều đã nhận đủ hàng.",
        "Every line that would pay gets all that it wants.",
    ),
    "why.line.better_offer": (
        "Các lô mua có lời đều đã được lấy hết.",
        "Every lot that would pay is wholly taken.",
    ),
    "why.lot.suppliers_limit": (
        "Các đơn hàng còn thiếu hàng đều đã đủ số nhà cung cấp cho phép.",
        "Every line with room already has as many suppliers as it allows.",
    ),
    "why.line.suppliers_limit": (
        "Đơn hàng này đã đủ số nhà cung cấp cho phép.",
        "This line already has as many suppliers as it allows.",
    ),
    "why.lot.minimum": (
        "Phần còn lại ít hơn mức tối thiểu: của lô, của đơn hàng hoặc cho mỗi nhà cung cấp; hay lô không được chia.",
        "What is left is less than a minimum amount, of the lot, a line or a supplier, or the lot may not be divided.",
    ),
    "why.line.minimum": (
        "Phần các lô còn lại góp được ít hơn mức tối thiểu: của lô, của đơn hàng hoặc cho mỗi nhà cung cấp; hay lô không được chia.",
        "What lots have left is less than a minimum amount, of a lot, the line or a supplier, or a lot may not be divided.",
    ),
    "why.lot.throughput": (
        "Còn đơn hàng thiếu hàng, nhưng nơi nhận hoặc nơi lấy đã hết công suất trong những ngày này.",
        "A line has room, but where it is delivered or picked up no more is handled on these days.",
    ),
    "why.line.throughput": (
        "Còn lô chưa bán hết, nhưng nơi nhận hoặc nơi lấy đã hết công suất trong những ngày này.",
        "A lot has goods left, but where they are delivered or picked up no more is handled on these days.",
    ),
    "why.lot.fleet": (
        "Chở lô này có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck for it would pay, but every truck of the classes that would is used on these days.",
    ),
    "why.line.fleet": (
        "Chở hàng cho đơn này có lời, nhưng mọi xe của những loại có lời đều đã dùng hết trong những ngày này.",
        "A truck for it would pay, but every truck of the classes that would is used on these days.",
    ),
    "why.lot.truck": (
        "Còn đơn hàng thiếu hàng và có xe đi được, nhưng chưa tìm được chuyến nào bù được cước cho phần còn lại.",
        "A line has room and trips are possible, but none was found that pays for what is left.",
    ),
    "why.line.truck": (
        "Còn lô chưa bán hết và có xe đi được, nhưng chưa tìm được chuyến nào bù được cước cho phần còn lại.",
        "A lot has goods left and trips are possible, but none was found that pays for them.",
    ),
    "side.lot": ("lô {id}", "lot {id}"),
    "side.line": ("đơn hàng {id}", "line {id}"),
    "sides.lot": ("lô {ids}", "lots {ids}"),
    "sides.line": ("đơn hàng {ids}", "lines {ids}"),
    "unit.days": ("{n} ngày", "{n} days"),
    "unit.days.one": ("1 ngày", "1 day"),
    "unit.grades": ("{n} hạng", "{n} grades"),
    "unit.grades.one": ("1 hạng", "1 grade"),
    # steps of the funnel -----------------------------------------------------------------------------------------------
    "step.no_demand_for_product": ("cùng sản phẩm", "same product"),
    "step.no_supply_of_product": ("cùng sản phẩm", "same product"),
    "step.grade": ("đúng hạng", "grade"),
    "step.certificate": ("đủ chứng nhận", "certificates"),
    "step.market_code": ("đủ mã thị trường", "market codes"),
    "step.dates": ("khớp ngày", "dates"),
    "step.remaining_life": ("đủ hạn dùng", "remaining life"),
    "step.cold": ("có xe lạnh", "cold trucks"),
    "step.door": ("xe vào được cổng", "doors"),
    "step.hours": ("kịp giờ", "hours"),
    "step.forbidden": ("không bị cấm", "not forbidden"),
    "step.price": ("có lãi", "price"),
    "step.better_offer": ("còn chỗ", "room left"),
    "step.suppliers_limit": ("còn nhận nhà cung cấp", "suppliers"),
    "step.minimum": ("đạt mức tối thiểu", "minimums"),
    "step.throughput": ("nơi giao nhận còn công suất", "throughput"),
    "step.fleet": ("còn xe", "trucks left"),
    "step.truck": ("có xe", "truck"),
    # the story ---------------------------------------------------------------------------------------------------------
    "story.lot": (
        "Lô {id}: {kg} kg, đã khớp {used_kg}, còn {open_kg}.",
        "Lot {id}: {kg} kg, {used_kg} matched, {open_kg} open.",
    ),
    "story.line": (
        "Đơn hàng {id}: cần {kg} kg, đã khớp {used_kg}, còn thiếu {open_kg}.",
        "Line {id}: {kg} kg wanted, {used_kg} matched, {open_kg} open.",
    ),
    "story.wholly": ("Đã khớp trọn vẹn.", "It is wholly matched."),
    "story.partners": ("Đã khớp với {partners}.", "Matched with {partners}."),
    "story.lot.funnel": ("Số đơn hàng còn lại qua từng bước: {steps}.", "Lines left at each step: {steps}."),
    "story.line.funnel": ("Số lô còn lại qua từng bước: {steps}.", "Lots left at each step: {steps}."),
    "story.cause": ("Lý do: {reason}", "Reason: {reason}"),
    "story.policy.cap": (
        "Theo chính sách: {id} chỉ được bán thêm {kg} kg, vì một nhà cung cấp được tối đa {pct} %.",
        "Policy: {id} may sell {kg} kg more, for the cap on one supplier is {pct} %.",
    ),
    "story.policy.floor": (
        "Theo chính sách: mức sàn {name} dành {kg} kg cho {id}.",
        "Policy: floor {name} keeps {kg} kg for {id}.",
    ),
    "story.nearest": ("Sát nhất: {misses}.", "Nearest misses: {misses}."),
    "story.lost": ("Nhường cho: {losses}.", "Lost to: {losses}."),
    # nearest misses ----------------------------------------------------------------------------------------------------
    "miss.no_demand_for_product": ("{other}: khác sản phẩm", "{other}: another product"),
    "miss.no_supply_of_product": ("{other}: khác sản phẩm", "{other}: another product"),
    "miss.grade": ("{other} cần tốt hơn {short}", "{other} wants {short} better"),
    "miss.grade.lot": ("{other} thấp hơn yêu cầu {short}", "{other} is {short} too low"),
    "miss.certificate.missing": ("{other}: chưa có chứng nhận {scheme}", "{other}: no certificate {scheme}"),
    "miss.certificate.level": ("{other}: chứng nhận {scheme} chưa đủ hạng", "{other}: certificate {scheme} of too low a level"),
    "miss.certificate.expires": ("{other}: chứng nhận {scheme} hết hạn {day}", "{other}: certificate {scheme} expires {day}"),
    "miss.certificate.begins": (
        "{other}: chứng nhận {scheme} chỉ có hiệu lực từ {day}",
        "{other}: certificate {scheme} begins only on {day}",
    ),
    "miss.market_code.missing": ("{other}: chưa có mã {scheme}", "{other}: no code {scheme}"),
    "miss.market_code.level": ("{other}: mã {scheme} chưa đủ hạng", "{other}: code {scheme} of too low a level"),
    "miss.market_code.expires": ("{other}: mã {scheme} hết hạn {day}", "{other}: code {scheme} expires {day}"),
    "miss.market_code.begins": ("{other}: mã {scheme} chỉ có hiệu lực từ {day}", "{other}: code {scheme} begins only on {day}"),
    "miss.dates": ("{other}: có hàng muộn {short} (chỉ nhận đến {day})", "{other}: ready {short} too late (delivery until {day})"),
    "miss.dates.early": (
        "{other}: hết hạn lấy hàng sớm {short} (chỉ nhận từ {day})",
        "{other}: gone {short} too early (delivery from {day})",
    ),
    "miss.dates.horizon": (
        "{other}: ngày khớp nằm ngoài kỳ kế hoạch hoặc thời hạn chứng nhận (giao từ {day})",
        "{other}: the days that fit lie outside the horizon or the certificates (delivery from {day})",
    ),
    "miss.remaining_life": (
        "thiếu {short} hạn dùng khi giao cho {other} ngày {day}",
        "{short} short of remaining life at {other} on {day}",
    ),
    "miss.remaining_life.lot": (
        "{other}: thiếu {short} hạn dùng khi giao ngày {day}",
        "{other}: {short} short of remaining life on {day}",
    ),
    "miss.cold": ("{other}: không xe lạnh nào vào được cả hai cổng", "{other}: no refrigerated truck gets to both doors"),
    "miss.door": ("{other}: không loại xe nào vào được cả hai cổng", "{other}: no class of truck gets to both doors"),
    "miss.hours": (
        "{other}: đường đi mất {takes} giờ, tài xế chỉ có {shift} giờ",
        "{other}: the road takes {takes} h, a driver has {shift}",
    ),
    "miss.hours.openings": ("{other}: giờ mở cửa lệch nhau {short} phút", "{other}: opening hours are {short} minutes apart"),
    "miss.hours.none": ("{other}: không xe nào kịp giờ", "{other}: no truck makes it in time"),
    "miss.forbidden": ("{other}: người điều phối đã cấm", "{other}: forbidden by the broker"),
    "miss.price": ("đắt hơn {short} đ/kg so với {other}, đã tính cước", "{short} đ/kg too dear for {other} after haulage"),
    "miss.price.lot": ("{other} đắt hơn giá mua {short} đ/kg, đã tính cước", "{other} is {short} đ/kg dearer than the bid after haulage"),
    "miss.better_offer": ("{other} (cả {short} kg đã có bên khác)", "{other} (all of its {short} kg go with others)"),
    "miss.suppliers_limit": ("{other}: đã đủ {short} nhà cung cấp", "{other}: it has as many suppliers as it allows ({short})"),
    "miss.suppliers_limit.lot": (
        "{other}: đơn hàng đã đủ {short} nhà cung cấp",
        "{other}: the line has as many suppliers as it allows ({short})",
    ),
    "miss.minimum": ("thiếu {short} kg để đạt mức tối thiểu với {other}", "{short} kg short of a minimum with {other}"),
    "miss.throughput": (
        "{other}: {limited} chỉ nhận {short} kg mỗi ngày và đã hết chỗ ngày {day}",
        "{other}: {limited} handles {short} kg a day and is full on {day}",
    ),
    "miss.fleet": (
        "{other}: cả {short} xe {limited} đã dùng hết ngày {day}",
        "{other}: all {short} trucks of class {limited} are used on {day}",
    ),
    "miss.truck": ("đi xe riêng tới {other} sẽ lỗ {short} đ/kg", "a truck of its own to {other} would lose {short} đ/kg"),
    "miss.truck.lot": ("đi xe riêng từ {other} sẽ lỗ {short} đ/kg", "a truck of its own from {other} would lose {short} đ/kg"),
    "miss.truck.clock": (
        "{other}: đi xe riêng đủ bù cước, nhưng kế hoạch chưa dùng",
        "{other}: a truck of its own would pay, but the plan makes no such trip",
    ),
    "miss.truck.cap": (
        "{other}: theo chính sách {limited} chỉ được bán thêm {short} kg",
        "{other}: under the policy {limited} may sell {short} kg more",
    ),
    # classes of better offers --------------------------------------------------------------------------------------------
    "offer.decided": ("người điều phối đã chốt trước", "decided by the broker"),
    "offer.lower_ask": ("giá sàn thấp hơn", "a lower floor price"),
    "offer.higher_bid": ("giá mua cao hơn", "a higher bid"),
    "offer.contract": ("hợp đồng có phạt thiếu hàng cao hơn", "a contract with a higher penalty"),
    "offer.nearer": ("đường gần hơn", "shorter haulage"),
    "offer.fuller_truck": ("ghép được chuyến xe đầy hơn", "a fuller truck"),
    "loss": ("{kg} kg của {others} ({offer}, lợi hơn {ahead} đ/kg)", "{kg} kg of {others} ({offer}, {ahead} đ/kg ahead)"),
    "loss.even": ("{kg} kg của {others} ({offer})", "{kg} kg of {others} ({offer})"),
    # what would change it ------------------------------------------------------------------------------------------------
    "change.ask": ("Hạ giá sàn của lô {id} từ {old} xuống {new} đ/kg.", "Lower the floor price of lot {id} from {old} to {new} đ/kg."),
    "change.bid": ("Nâng giá mua của đơn hàng {id} từ {old} lên {new} đ/kg.", "Raise the bid of line {id} from {old} to {new} đ/kg."),
    "change.pickup_until": ("Cho lấy lô {id} đến ngày {new} thay vì {old}.", "Let lot {id} be picked up until {new} instead of {old}."),
    "change.pickup_from": ("Cho lấy lô {id} từ ngày {new} thay vì {old}.", "Let lot {id} be picked up from {new} instead of {old}."),
    "change.deliver_until": (
        "Cho giao đơn hàng {id} đến ngày {new} thay vì {old}.",
        "Let line {id} be delivered until {new} instead of {old}.",
    ),
    "change.deliver_from": (
        "Cho giao đơn hàng {id} từ ngày {new} thay vì {old}.",
        "Let line {id} be delivered from {new} instead of {old}.",
    ),
    "change.life": (
        "Cho đơn hàng {id} nhận hàng còn {new} ngày hạn dùng thay vì {old} ngày.",
        "Lower the days of remaining life that line {id} asks for from {old} to {new}.",
    ),
    "change.grade": (
        "Cho đơn hàng {id} nhận đến hạng {new} thay vì hạng {old}.",
        "Let line {id} accept grade {new} instead of grade {old}.",
    ),
    "change.wanted": ("Cho đơn hàng {id} lấy {new} kg thay vì {old} kg.", "Let line {id} take {new} kg instead of {old} kg."),
    "change.offered": ("Lô {id} có {new} kg thay vì {old} kg.", "Let lot {id} offer {new} kg instead of {old} kg."),
    "change.renewal": (
        "Gia hạn chứng nhận {scheme} của {id} đến {new} thay vì {old}.",
        "Extend certificate {scheme} of {id} until {new} instead of {old}.",
    ),
    "change.certificate": ("Xin cấp chứng nhận {scheme} cho {id}.", "Obtain certificate {scheme} for {id}."),
    "change.min_fill": (
        "Hạ mức giao tối thiểu của đơn hàng {id} từ {old} xuống {new} kg.",
        "Lower the least delivery of line {id} from {old} to {new} kg.",
    ),
    "change.min_supplier": (
        "Hạ mức tối thiểu mỗi nhà cung cấp của đơn hàng {id} từ {old} xuống {new} kg.",
        "Lower the least amount of each supplier of line {id} from {old} to {new} kg.",
    ),
    "change.min_take": (
        "Hạ mức lấy tối thiểu của lô {id} từ {old} xuống {new} kg.",
        "Lower the least take of lot {id} from {old} to {new} kg.",
    ),
    "change.divisible": ("Cho chia lô {id}.", "Let lot {id} be divided."),
    "change.suppliers": (
        "Cho đơn hàng {id} nhận {new} nhà cung cấp thay vì {old}.",
        "Let line {id} have {new} suppliers instead of {old}.",
    ),
    "change.throughput": (
        "Cho {id} nhận {new} kg mỗi ngày thay vì {old} kg.",
        "Let {id} handle {new} kg a day instead of {old} kg.",
    ),
    "change.trucks": (
        "Có {new} xe loại {id} mỗi ngày thay vì {old} xe.",
        "Have {new} trucks of class {id} a day instead of {old}.",
    ),
    "change.allow": ("Bỏ lệnh cấm lô {id} cho đơn hàng {line}.", "Lift the ban of lot {id} for line {line}."),
    "answer.promise": (
        "Khi đó khớp được ít nhất {promised_kg}, hụt không quá {short} % (đã lập lại kế hoạch để kiểm chứng); chi phí ước tính {cost} đ.",
        "Then at least {promised_kg} are matched, less {short} % at the worst (verified by planning again); thought to cost {cost} đ.",
    ),
    "answer.none": ("Không thay đổi đơn lẻ nào khiến nó được khớp.", "No change of one thing would match it."),
    "answer.none.tried": (
        "Đã thử và lập lại kế hoạch: không thay đổi đơn lẻ nào chắc chắn giúp khớp được.",
        "No change of one thing was found that would surely match it, though some were tried.",
    ),
    "answer.none.little": (
        "Không thay đổi đơn lẻ nào chắc chắn giúp khớp được: lợi nhiều nhất có thể có cũng quá nhỏ.",
        "No change of one thing would surely match it: the most that any could bring is too little.",
    ),
    "answer.matched": ("Đã khớp trọn vẹn, không cần thay đổi gì.", "It is wholly matched already; nothing need change."),
    "answer.time": (
        "Chưa tìm ra trong thời gian cho phép; còn khả năng chưa thử.",
        "None was found in the time allowed; some were not tried.",
    ),
    # what a rule costs ---------------------------------------------------------------------------------------------------
    "rule.max_suppliers": ("số nhà cung cấp tối đa", "max suppliers"),
    "rule.min_supplier": ("mức tối thiểu mỗi nhà cung cấp", "least amount of each supplier"),
    "rule.min_fill": ("mức giao tối thiểu", "least delivery"),
    "rule.min_take": ("mức lấy tối thiểu", "least take"),
    "rule.indivisible": ("lô không chia", "indivisible lots"),
    "rule.min_life": ("hạn dùng còn lại tối thiểu", "least remaining life"),
    "rule.certificates": ("chứng nhận bắt buộc", "required certificates"),
    "rule.access": ("giờ cấm xe", "access hours"),
    "rule.throughput": ("công suất điểm giao nhận", "throughput"),
    "rule.vehicle_count": ("số xe mỗi ngày", "trucks a day"),
    "rule.pin": ("chốt trước", "pin"),
    "rule.forbid": ("lệnh cấm", "ban"),
    "rule.policy": ("chính sách", "policy"),
    "rule.floor": ("mức sàn công bằng", "fairness floor"),
    "rule.cap": ("mức trần của một nhà cung cấp", "cap on one supplier"),
    "limit.max_suppliers": ("tối đa {n} nhà cung cấp", "max {n} suppliers"),
    "limit.max_suppliers.one": ("chỉ 1 nhà cung cấp", "one supplier alone"),
    "limit.min_supplier": ("ít nhất {n} kg mỗi nhà cung cấp", "at least {n} kg of each supplier"),
    "limit.min_fill": ("giao ít nhất {n} kg", "delivering at least {n} kg"),
    "limit.min_take": ("lấy ít nhất {n} kg", "taking at least {n} kg"),
    "limit.indivisible": ("việc không chia", "indivisibility"),
    "limit.min_life": ("hạn dùng còn ít nhất {n} ngày", "at least {n} days of remaining life"),
    "limit.min_life.one": ("hạn dùng còn ít nhất 1 ngày", "at least 1 day of remaining life"),
    "limit.throughput": ("tối đa {n} kg mỗi ngày", "at most {n} kg a day"),
    "limit.vehicle_count": ("tối đa {n} xe mỗi ngày", "at most {n} trucks a day"),
    "limit.vehicle_count.one": ("chỉ 1 xe mỗi ngày", "one truck a day"),
    "at.lots": ("của {where}", "of {where}"),
    "at.lines": ("của {where}", "of {where}"),
    "at.sites": ("tại {where}", "at {where}"),
    "at.vehicles": ("loại {where}", "of class {where}"),
    "at.pair": ("{lot} cho {line}", "of {lot} for {line}"),
    "ask.change": ("Thay đổi gì thì khớp được?", "What would change it?"),
    "ask.pool": ("Những bên nào cùng nhau giao đủ được?", "Who together could fill it?"),
    "ask.price": ("{rule} tốn bao nhiêu?", "{rule}: what does it cost?"),
    "price.costs": ("{rule} {where} tốn {cost} đ.", "{rule} {where} costs {cost} đ."),
    "price.nothing": ("{rule} {where} không tốn gì.", "{rule} {where} costs nothing."),
    "price.noise": (
        "{rule} {where}: chênh {cost} đ, trong sai số tìm kiếm ({noise} đ).",
        "{rule} {where}: {cost} đ, within the search's noise ({noise} đ).",
    ),
    "price.here": ("ở đây", "here"),
    # pools ---------------------------------------------------------------------------------------------------------------
    "pool.line": (
        "Đơn hàng {id} còn thiếu {open_kg}; những bên sau cùng giao được {kg} kg.",
        "Line {id} lacks {open_kg}; these together bring {kg} kg.",
    ),
    "pool.member": ("{site}: {kg} kg ({lots}), {signer} ký", "{site}: {kg} kg ({lots}), signed by {signer}"),
    "pool.gain": ("Kế hoạch tốt lên {vnd} đ.", "The plan gains {vnd} đ."),
    "pool.loss": ("Kế hoạch kém đi {vnd} đ.", "The plan loses {vnd} đ."),
    "pool.none": (
        "Với hàng còn lại, không có những bên nào cùng nhau giao thêm được cho đơn hàng {id} mà vẫn đúng quy tắc.",
        "Of what is still open, no pool could bring line {id} more within the rules.",
    ),
    "pool.filled": ("Đơn hàng {id} đã đủ.", "Line {id} is filled already."),
    # errors and the terminal ---------------------------------------------------------------------------------------------
    "error.lot": ("Không có lô nào mang mã {id}.", "There is no lot {id}."),
    "error.line": ("Không có đơn hàng nào mang mã {id}.", "There is no line {id}."),
    "error.rule.none": ("Ở đây không có quy tắc {rule} ({kind}).", "Here there is no rule {kind} ({rule})."),
    "error.rule.named": ("{of} không có quy tắc {rule} ({kind}).", "Of {of} there is no rule {kind} ({rule})."),
    "error.rule.unknown": ("Không có dòng nào mang mã {of}.", "Here no row is called {of}."),
    "error.rule.floor": ("Chính sách không có mức sàn nào tên {of}.", "In the policy there is no floor called {of}."),
    "error.rule.pair": (
        "Nêu cả lô và đơn hàng, lô trước: {rule} ({kind}).",
        "Name both, the lot first: a {kind} is named by a lot and a line ({rule}).",
    ),
    "error.rule.without": (
        "Kế hoạch này được lập mà không có {rule} ({kind}).",
        "Here there is no {kind} ({rule}): the plan was made without.",
    ),
    "error.rule.of_policy": (
        "Đây là phần của chính sách, không phải của dữ liệu: {rule} ({kind}).",
        "A {kind} is no part of a problem but of a policy ({rule}).",
    ),
    "other.input": (
        "Kế hoạch này được lập từ dữ liệu khác: những điều dưới đây có thể không đúng.",
        "This plan was made from another input: what follows may not hold.",
    ),
    "stopped.early": (
        "Lần chạy đã dừng sớm: lời giải thích nói về kế hoạch tốt nhất đến lúc đó.",
        "The run was stopped early: this speaks of the best plan that it had by then.",
    ),
}  # fmt: skip

texts.register({PREFIX + key: words for key, words in TEXTS.items()})


def say(key: str, language: Language, **figures: object) -> str:
    """Return the text of a key, without its prefix, as `matching.texts.say` does."""
    return texts.say(PREFIX + key, language, **figures)


__all__ = ["TEXTS", "Language", "say"]
